import type { WatchEvent, WatchOptions } from '../../src/kube/client.ts';
import { KubeError } from '../../src/kube/errors.ts';
import type { KubeObject, Resource } from '../../src/kube/resource.ts';
import { answer, type ApiServer, type Change, selector } from './api-server.ts';
import type { SimulatedProcess } from './process.ts';

export type Breakage = 'broken' | 'expired' | 'silent';

export interface WatchStreamOptions<T extends KubeObject> {
  readonly server: ApiServer;
  readonly process: SimulatedProcess;
  readonly resource: Resource<T>;
  readonly options: WatchOptions;
  /** Milliseconds that the next event takes. */
  readonly delay: () => number;
}

const bookmarkMs = 60_000;

/** One watch request: events in order, each after its delay, until somebody ends it. */
export class WatchStream<T extends KubeObject> implements AsyncIterableIterator<WatchEvent<T>> {
  readonly plural: string;
  private readonly setting: WatchStreamOptions<T>;
  private readonly selects: ReturnType<typeof selector>;
  private readonly arrived: WatchEvent<T>[] = [];
  private waiting: PromiseWithResolvers<IteratorResult<WatchEvent<T>>> | undefined;
  private end: { readonly error?: Error } | undefined;
  private lastAtMs = 0;
  private silent = false;
  private cancelBookmark: () => void = () => {};

  constructor(setting: WatchStreamOptions<T>) {
    const { server, process, options, resource } = setting;
    this.plural = resource.plural;
    this.setting = setting;
    this.selects = selector(options);
    for (const change of changesAfter(server, Number(options.resourceVersion))) this.take(change);
    server.listeners.add(this.take);
    options.signal.addEventListener('abort', () => this.finish(aborted()), { once: true });
    process.onEnd(() => this.finish());
    process.after(options.timeoutSeconds * 1_000, () => this.finish());
    this.scheduleBookmark();
  }

  break(breakage: Breakage): void {
    if (breakage === 'silent') this.silent = true;
    else if (breakage === 'broken')
      this.finish(new KubeError({ code: 'Unreachable', operation: 'watch', message: 'cut off' }));
    else this.arrive({ type: 'ERROR', object: { code: 410, message: 'too old resource version' } });
  }

  next(): Promise<IteratorResult<WatchEvent<T>>> {
    const event = this.arrived.shift();
    if (event) return Promise.resolve({ value: event, done: false });
    if (this.end) {
      return this.end.error
        ? Promise.reject(this.end.error)
        : Promise.resolve({ value: undefined, done: true });
    }
    this.waiting = Promise.withResolvers();
    return this.waiting.promise;
  }

  return(): Promise<IteratorResult<WatchEvent<T>>> {
    this.finish();
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  private readonly take = (change: Change): void => {
    if (change.plural !== this.plural || this.end || this.silent) return;
    const event = this.eventOf(change);
    if (!event) return;
    const { process, delay } = this.setting;
    const nowMs = process.monotonicMs();
    // Never before one that was sent earlier.
    this.lastAtMs = Math.max(this.lastAtMs, nowMs + delay());
    process.after(this.lastAtMs - nowMs, () => this.arrive(event));
  };

  private eventOf({ object, previous, deleted }: Change): WatchEvent<T> | undefined {
    const was = previous !== undefined && this.selects(previous);
    const is = !deleted && this.selects(object);
    if (!was && !is) return undefined;
    const type = is ? (was ? 'MODIFIED' : 'ADDED') : 'DELETED';
    return { type, object: answer<T>(this.setting.resource, { object }) };
  }

  private scheduleBookmark(): void {
    this.cancelBookmark = this.setting.process.after(bookmarkMs, () => {
      if (this.end) return;
      // A bookmark says that everything up to it has been sent: what is due this very millisecond has not.
      if (!this.silent && this.lastAtMs < this.setting.process.monotonicMs()) {
        const { apiVersion, kind } = this.setting.resource;
        const object = {
          apiVersion,
          kind,
          metadata: { resourceVersion: this.setting.server.resourceVersion },
        } as T;
        this.arrive({ type: 'BOOKMARK', object });
      }
      this.scheduleBookmark();
    });
  }

  private arrive(event: WatchEvent<T>): void {
    if (this.end || this.silent) return;
    const { waiting } = this;
    this.waiting = undefined;
    if (waiting) waiting.resolve({ value: event, done: false });
    else this.arrived.push(event);
  }

  private finish(error?: Error): void {
    if (this.end) return;
    this.end = { ...(error && { error }) };
    this.setting.server.listeners.delete(this.take);
    this.cancelBookmark();
    const { waiting } = this;
    this.waiting = undefined;
    if (error) waiting?.reject(error);
    else waiting?.resolve({ value: undefined, done: true });
  }
}

function* changesAfter(server: ApiServer, version: number): Generator<Change> {
  for (const change of server.changes) if (change.version > version) yield change;
}

function aborted(): KubeError {
  return new KubeError({ code: 'Aborted', operation: 'watch', message: 'aborted' });
}
