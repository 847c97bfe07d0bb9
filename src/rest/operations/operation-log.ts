import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '../../engine/clock.ts';
import type { Log } from '../../engine/log.ts';
import type { KubeClient } from '../../kube/client.ts';
import { kinds } from '../../api/v1alpha1/crd.ts';
import {
  type OperationKind,
  type OperationState,
  Operations,
  type StoredOperation,
} from '../../persistence/operations/operations.ts';
import type { Exchange } from '../exchange.ts';
import { ProblemError } from '../problem/problem.ts';
import type { Served } from '../resources/custom-resources.ts';
import type { CustomResource } from '../resources/representation.ts';
import { CLOCK, MANAGEMENT_CLIENT, REST_LOG } from '../tokens.ts';
import { judge } from './judge.ts';
import { SeenObjects } from './seen-objects.ts';

/** Objects that are looked at side by side. */
const lookedAtOnce = 8;

/** What was begun over REST and goes on after the answer; how it stands is told by the object that it is about. */
@Injectable()
export class OperationLog {
  private readonly operations: Operations;
  private readonly objects: SeenObjects;
  private readonly clock: Clock;
  private readonly log: Log;

  constructor(
    operations: Operations,
    @Inject(MANAGEMENT_CLIENT) client: KubeClient,
    @Inject(CLOCK) clock: Clock,
    @Inject(REST_LOG) log: Log,
  ) {
    this.operations = operations;
    this.objects = new SeenObjects(client, clock);
    this.clock = clock;
    this.log = log;
  }

  /**
   * Records what has been begun and names it in the answer. What cannot be recorded was done nevertheless, and is in the audit trail: it is
   * only without an operation.
   */
  async begin(
    kind: OperationKind,
    { resource }: Served,
    { metadata = {} }: CustomResource,
    { request, response }: Exchange,
  ): Promise<void> {
    const id = randomUUID();
    try {
      await this.operations.begin({
        id,
        kind,
        resource: resource.plural,
        namespace: metadata.namespace ?? '',
        name: metadata.name ?? '',
        uid: metadata.uid ?? '',
        generation: metadata.generation ?? 0,
        username: request.identity?.username ?? '',
        requestId: String(response.getHeader('X-Request-Id')),
        startedAt: this.clock.now(),
      });
      response.setHeader('Operation-Location', `/v1/namespaces/${metadata.namespace}/operations/${id}`);
    } catch (error: unknown) {
      this.log.error({ err: error, kind, name: metadata.name }, 'an operation could not be recorded');
    }
  }

  async get(namespace: string, id: string): Promise<StoredOperation> {
    const found = await this.operations.get(id);
    if (found?.namespace === namespace) return await this.look(found, 'read');
    throw new ProblemError('NotFound', `There is no operation ${id} in namespace ${namespace}.`);
  }

  /** The newest first, and whether there are more. */
  async list({ limit, ...page }: Parameters<Operations['list']>[0]): Promise<{
    readonly items: readonly StoredOperation[];
    readonly hasMore: boolean;
  }> {
    // One more than is shown says whether there is another page.
    const found = await this.operations.list({ ...page, limit: limit + 1 });
    const items: StoredOperation[] = [];
    for (let start = 0; start < Math.min(limit, found.length); start += lookedAtOnce) {
      const some = found.slice(start, Math.min(limit, start + lookedAtOnce));
      items.push(...(await Promise.all(some.map((operation) => this.look(operation, 'recent')))));
    }
    return { items, hasMore: found.length > limit };
  }

  private async look(operation: StoredOperation, how: 'read' | 'recent'): Promise<StoredOperation> {
    if (operation.state !== 'Running') return operation;
    const kind = kinds.find(({ resource }) => resource.plural === operation.resource);
    if (!kind) return operation;
    const { state, message } = judge(operation, await this.objects[how](kind.resource, operation));
    if (!isEnded(state)) return { ...operation, message: message ?? null };
    const endedAt = this.clock.now();
    await this.operations.end(operation.id, { state, message }, endedAt);
    return { ...operation, state, message: message ?? null, endedAt };
  }
}

function isEnded(state: OperationState): state is Exclude<OperationState, 'Running'> {
  return state !== 'Running';
}
