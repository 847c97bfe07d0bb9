import { once } from 'node:events';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { Response } from 'express';
import { pause } from '../../engine/backoff.ts';
import type { Clock } from '../../engine/clock.ts';
import { type Condition, isTrue } from '../../engine/conditions.ts';
import type { KubeClient, WatchEvent } from '../../kube/client.ts';
import { isKubeError } from '../../kube/errors.ts';
import { type ObjectRef, refOf } from '../../kube/resource.ts';
import { CLOCK, MANAGEMENT_CLIENT } from '../tokens.ts';
import { whenClosed } from '../until-closed.ts';
import type { Served } from './custom-resources.ts';
import { type CustomResource, show } from './representation.ts';
import { type ServerSentEvent, toText } from './server-sent-events.ts';

/** Seconds after which a stream is ended: whoever goes on with it is asked anew who they are and what they may see. */
const streamSeconds = 300;
/** Milliseconds between comments, which keep proxies from taking a quiet stream for a dead one. */
const heartbeatMs = 15_000;
/** Milliseconds within which the API server says that it will not; a stream begins after them though there is no event yet. */
const refusalMs = 1_000;
const pageSize = 500;
/** Milliseconds between looks at an object while the API server gives no answer. */
const retryMs = 1_000;
/** Milliseconds for such a look: by so much may an answer come later than what was waited for. */
const lookMs = 5_000;

export interface StreamScope {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  /** Resource version that the client has seen; undefined: it has seen nothing. */
  readonly last: string | undefined;
}

/** Follows custom resources, for clients that want to see changes or an outcome. */
@Injectable()
export class Watches implements OnModuleDestroy {
  private readonly client: KubeClient;
  private readonly clock: Clock;
  private readonly stopping = new AbortController();

  constructor(@Inject(MANAGEMENT_CLIENT) client: KubeClient, @Inject(CLOCK) clock: Clock) {
    this.client = client;
    this.clock = clock;
  }

  onModuleDestroy(): void {
    this.stopping.abort();
  }

  /**
   * Writes server-sent events until the client goes, or some minutes have passed. What fails before the first is answered as
   * a problem; what fails later ends the stream, and the client comes again with the last `id`.
   */
  async stream(served: Served, { last, ...scope }: StreamScope, response: Response): Promise<void> {
    const ended = new AbortController();
    whenClosed(response, () => ended.abort());
    const cancelEnd = this.clock.after(streamSeconds * 1_000, () => ended.abort());
    const signal = AbortSignal.any([ended.signal, this.stopping.signal]);
    const events = this.events(served, scope, last, signal);
    const first = events.next();
    try {
      // A refusal comes at once; where nothing has happened since `last`, the first event may take minutes.
      await Promise.race([first, pause(this.clock, refusalMs)]);
    } catch (error: unknown) {
      cancelEnd();
      if (!signal.aborted) throw error;
      response.end();
      return;
    }
    response.status(200).setHeader('Content-Type', 'text/event-stream; charset=utf-8');
    response.setHeader('Cache-Control', 'no-store');
    response.flushHeaders();
    const stopHeartbeat = this.heartbeat(response);
    try {
      for (let next = await first; !next.done; next = await events.next()) {
        if (!response.write(toText(next.value))) await once(response, 'drain', { signal });
      }
    } catch (error: unknown) {
      if (!signal.aborted && !isKubeError(error)) throw error;
    } finally {
      stopHeartbeat();
      cancelEnd();
      ended.abort();
      response.end();
    }
  }

  /**
   * `object` as it is when it is what was waited for, or as it was seen last when the time was over. What is waited for was asked for already,
   * so an API server that does not answer meanwhile is no failure: it is asked again.
   */
  async until(
    { resource }: Served,
    object: CustomResource,
    what: 'Ready' | 'Gone',
    { seconds, signal }: { readonly seconds: number; readonly signal: AbortSignal },
  ): Promise<{ readonly object: CustomResource; readonly isDone: boolean }> {
    const over = new AbortController();
    const cancel = this.clock.after(seconds * 1_000, () => over.abort());
    const giveUp = AbortSignal.any([over.signal, signal, this.stopping.signal]);
    const ref = refOf(object);
    let seen = object;
    try {
      for (;;) {
        const now = await this.look(resource, ref);
        if (now !== 'unknown') {
          if (!now || now.metadata?.uid !== object.metadata?.uid)
            return { object: seen, isDone: what === 'Gone' };
          seen = now;
          if (what === 'Ready' && isReady(seen)) return { object: seen, isDone: true };
        }
        if (giveUp.aborted) return { object: seen, isDone: false };
        if (now === 'unknown') await pause(this.clock, retryMs, giveUp);
        else await this.change(resource, seen, giveUp);
      }
    } finally {
      cancel();
      over.abort();
    }
  }

  private async look(resource: Served['resource'], ref: ObjectRef) {
    try {
      return await this.client.get(resource, ref, { timeoutMs: lookMs });
    } catch (error: unknown) {
      if (isKubeError(error)) return 'unknown';
      throw error;
    }
  }

  /** Resolves at the next event about this object, when the watch ends, or some time after it broke. */
  private async change(
    resource: Served['resource'],
    seen: CustomResource,
    signal: AbortSignal,
  ): Promise<void> {
    const { namespace, name, resourceVersion = '' } = seen.metadata ?? {};
    const options = {
      ...(namespace !== undefined && { namespace }),
      fieldSelector: `metadata.name=${name}`,
      resourceVersion,
      timeoutSeconds: streamSeconds,
      signal,
    };
    try {
      for await (const event of this.client.watch(resource, options)) {
        if (event.type === 'ERROR') break;
        if (event.type !== 'BOOKMARK') return;
      }
    } catch (error: unknown) {
      if (!isKubeError(error)) throw error;
    }
    await pause(this.clock, retryMs, signal);
  }

  private async *events(
    { resource }: Served,
    scope: Omit<StreamScope, 'last'>,
    last: string | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<ServerSentEvent> {
    let resourceVersion = last;
    if (resourceVersion === undefined) {
      let page: string | undefined;
      do {
        const list = await this.client.list(resource, {
          ...scope,
          limit: pageSize,
          ...(page !== undefined && { continue: page }),
          signal,
        });
        for (const object of list.items) yield { event: 'added', data: show(object) };
        page = list.metadata.continue || undefined;
        resourceVersion = list.metadata.resourceVersion ?? '';
      } while (page !== undefined);
      yield { event: 'bookmark', id: resourceVersion };
    }
    try {
      const options = { ...scope, resourceVersion, timeoutSeconds: streamSeconds, signal };
      for await (const event of this.client.watch(resource, options)) {
        const told = tell(event);
        yield told;
        if (told.event === 'reset') return;
      }
    } catch (error: unknown) {
      if (!isKubeError(error, 'Expired')) throw error;
      yield reset;
    }
  }

  private heartbeat(response: Response): () => void {
    let cancel = () => undefined as void;
    const beat = () => {
      response.write(':\n\n');
      cancel = this.clock.after(heartbeatMs, beat);
    };
    cancel = this.clock.after(heartbeatMs, beat);
    return () => cancel();
  }
}

/** What the client has seen is too old to go on from: it forgets the `id`, and gets all that there is when it comes again. */
const reset: ServerSentEvent = { event: 'reset', id: '' };

function tell(event: WatchEvent<CustomResource>): ServerSentEvent {
  if (event.type === 'ERROR') return reset;
  const id = event.object.metadata?.resourceVersion ?? '';
  if (event.type === 'BOOKMARK') return { event: 'bookmark', id };
  return { event: event.type.toLowerCase(), id, data: show(event.object) };
}

function isReady({ status, metadata }: CustomResource): boolean {
  const { conditions } = (status ?? {}) as { readonly conditions?: readonly Condition[] };
  return isTrue(conditions ?? [], 'Ready') && metadata?.deletionTimestamp === undefined;
}
