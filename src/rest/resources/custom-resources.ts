import { Inject, Injectable } from '@nestjs/common';
import type { KubeClient } from '../../kube/client.ts';
import { isKubeError } from '../../kube/errors.ts';
import type { ObjectList, ObjectRef, Resource } from '../../kube/resource.ts';
import { ProblemError } from '../problem/problem.ts';
import { MANAGEMENT_CLIENT } from '../tokens.ts';
import type { CustomResource, NewResource, ResourcePatch } from './representation.ts';

export const fieldManager = 'marina-rest';

export interface PageRequest {
  readonly namespace?: string;
  readonly limit: number;
  readonly cursor?: string;
  readonly labelSelector?: string;
}

/** A kind that REST serves, and what people call one of it. */
export interface Served {
  readonly resource: Resource<CustomResource>;
  readonly noun: string;
}

const noSuchCursor = 'The cursor is too old, or none of this list: begin anew, without one.';

/** Custom resources as REST reads and writes them: the same objects that GitOps applies. Rejects with a `ProblemError` or a `KubeError`. */
@Injectable()
export class CustomResources {
  private readonly client: KubeClient;

  constructor(@Inject(MANAGEMENT_CLIENT) client: KubeClient) {
    this.client = client;
  }

  async list({ resource }: Served, { cursor, ...options }: PageRequest): Promise<ObjectList<CustomResource>> {
    try {
      return await this.client.list(resource, {
        ...options,
        ...(cursor !== undefined && { continue: cursor }),
      });
    } catch (error: unknown) {
      const isOfCursor = cursor !== undefined && isKubeError(error, 'BadRequest', 'Expired');
      throw isOfCursor ? new ProblemError('Expired', noSuchCursor, { cause: error }) : error;
    }
  }

  async get(served: Served, ref: ObjectRef): Promise<CustomResource> {
    const found = await this.client.get(served.resource, ref);
    if (!found) throw notThere(served, ref);
    return found;
  }

  /** `dryRun`: everything is checked, and nothing made. */
  async create(
    { resource }: Served,
    namespace: string | undefined,
    { name, labels, annotations, spec }: NewResource,
    { dryRun = false }: { readonly dryRun?: boolean } = {},
  ): Promise<CustomResource> {
    const object = { metadata: { namespace, name, labels, annotations }, spec };
    return await this.client.create(resource, object, { fieldManager, dryRun, isStrict: true });
  }

  /** `version`: the one that the change was thought out for. */
  async patch(
    served: Served,
    ref: ObjectRef,
    { labels, annotations, spec }: ResourcePatch,
    version: string,
  ): Promise<CustomResource> {
    const body = { metadata: { resourceVersion: version, labels, annotations }, spec };
    const patch = { type: 'merge', body } as const;
    try {
      return await this.client.patch(served.resource, ref, patch, { fieldManager, isStrict: true });
    } catch (error: unknown) {
      if (isKubeError(error, 'NotFound')) throw notThere(served, ref);
      throw isKubeError(error, 'Conflict') ? changedMeanwhile(served, ref, error) : error;
    }
  }

  /** Asks for it; the object stays until all that it owns is gone. */
  async delete(served: Served, ref: ObjectRef, version: string | undefined): Promise<CustomResource> {
    const found = await this.get(served, ref);
    const { uid } = found.metadata ?? {};
    try {
      await this.client.delete(served.resource, ref, {
        uid,
        ...(version !== undefined && { resourceVersion: version }),
      });
    } catch (error: unknown) {
      throw isKubeError(error, 'Conflict') ? changedMeanwhile(served, ref, error) : error;
    }
    const left = await this.client.get(served.resource, ref);
    return left?.metadata?.uid === uid && left ? left : found;
  }
}

export function notThere({ noun }: Pick<Served, 'noun'>, { namespace, name }: ObjectRef): ProblemError {
  const where = namespace === undefined ? '' : ` in namespace ${namespace}`;
  return new ProblemError('NotFound', `There is no ${noun} ${name}${where}.`);
}

function changedMeanwhile({ noun }: Served, { name }: ObjectRef, cause: unknown): ProblemError {
  const detail = `The ${noun} ${name} is no longer what If-Match says; read it again.`;
  return new ProblemError('PreconditionFailed', detail, { cause });
}
