import { backoffMs, pause } from '../engine/backoff.ts';
import { systemRandom, type Clock } from '../engine/clock.ts';
import type { Log } from '../engine/log.ts';
import type { KubeClient, ListOptions, WatchEvent } from './client.ts';
import { KubeError, isKubeError } from './errors.ts';
import { deepFreeze } from './freeze.ts';
import { ObjectStore, type Indexes, type ListFilter } from './object-store.ts';
import { pages } from './pages.ts';
import { isNewerVersion } from './resource-version.ts';
import { keyOf, refOf } from './resource.ts';
import type { KubeObject, ObjectRef, Resource } from './resource.ts';

/** `initial` is true for what was there already when the handler, or the informer, started. */
export type ChangeHandler<T> = (previous: T | undefined, current: T | undefined, initial: boolean) => void;

export interface Source<T> {
  /** Tells `handler` of every object that is there now and of every change from here on, until the result is called. */
  onChange(handler: ChangeHandler<T>): () => void;
}

/** `ended`: by the server, in order; `silent`: by us, since nothing came any more. */
export type WatchOutcome = 'ended' | 'failed' | 'silent';

export interface InformerMetrics {
  listed(resource: string, objects: number): void;
  watchEnded(resource: string, outcome: WatchOutcome): void;
}

export interface InformerOptions<T extends KubeObject> {
  readonly client: KubeClient;
  readonly resource: Resource<T>;
  readonly clock: Clock;
  readonly log: Log;
  readonly random?: () => number;
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Makes an object smaller before it is kept; default: drops managedFields. */
  readonly transform?: (object: T) => T;
  readonly indexes?: Indexes<T>;
  readonly metrics?: InformerMetrics;
  /** Milliseconds without event or bookmark after which a watch counts as dead. API servers send a bookmark a minute. */
  readonly livenessMs?: number;
}

const RETRY = { baseMs: 200, maxMs: 10_000 };
/** After watches that end in good order, and far too soon, but bring something: a proxy that cannot stream may do that. */
const RETRY_FOR_NEWS = { baseMs: 200, maxMs: 2_000 };
/** A watch that lived this long was a good one, even if nothing happened. */
const GOOD_WATCH_MS = 10_000;
/** Watches in a row that came to nothing before the list is read again instead of going on from the last version. */
const FRUITLESS_WATCHES = 2;

/**
 * A cache of one kind of object, kept current by list and watch. It never gives up: whatever ends a watch, it goes on
 * from the last version seen, or lists again when that version is gone or not to be trusted. What it hands out is frozen.
 */
export class Informer<T extends KubeObject> implements Source<T> {
  readonly resource: Resource<T>;
  private readonly options: InformerOptions<T>;
  private readonly selection: Pick<ListOptions, 'namespace' | 'labelSelector' | 'fieldSelector'>;
  private readonly store: ObjectStore<T>;
  private readonly handlers = new Set<ChangeHandler<T>>();
  private readonly firstList = Promise.withResolvers<void>();
  private readonly random: () => number;
  private readonly livenessMs: number;
  private readonly operation: string;
  private isSynced = false;
  /** Where a watch goes on; undefined: only a list will do. */
  private resumeAt: string | undefined;
  /** Versions that writes have returned, by key, since the last list began. */
  private readonly remembered = new Map<string, string | undefined>();

  constructor(options: InformerOptions<T>) {
    const { namespace, labelSelector, fieldSelector } = options;
    this.options = options;
    this.selection = { namespace, labelSelector, fieldSelector };
    this.resource = options.resource;
    this.store = new ObjectStore(options.indexes);
    this.operation = `watch ${options.resource.plural}`;
    this.random = options.random ?? systemRandom;
    this.livenessMs = options.livenessMs ?? 150_000;
  }

  get hasSynced(): boolean {
    return this.isSynced;
  }

  get size(): number {
    return this.store.size;
  }

  /** Resolves when the first list is in the cache; rejects only when `signal` aborts before. */
  async synced(signal?: AbortSignal): Promise<void> {
    if (!signal) return this.firstList.promise;
    signal.throwIfAborted();
    const { promise, reject } = Promise.withResolvers<never>();
    const abort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
    await Promise.race([this.firstList.promise, promise]).finally(() =>
      signal.removeEventListener('abort', abort),
    );
  }

  get(ref: ObjectRef | string): T | undefined {
    return this.store.get(typeof ref === 'string' ? ref : keyOf(ref));
  }

  list(filter?: ListFilter): T[] {
    return this.store.list(filter);
  }

  byIndex(index: string, value: string): T[] {
    return this.store.byIndex(index, value);
  }

  /**
   * Takes in what a write has just returned, so that the next reconcile sees it whether or not the watch has. Versions
   * that the watch has passed already are left to it: the object may be gone again.
   */
  remember(object: T): void {
    const version = object.metadata?.resourceVersion;
    if (this.resumeAt !== undefined && !isNewerVersion(version, this.resumeAt)) return;
    const key = keyOf(refOf(object));
    const known = this.store.get(key)?.metadata?.resourceVersion;
    if (known !== undefined && !isNewerVersion(version, known)) return;
    this.remembered.set(key, version);
    this.change(key, this.keep(object), false);
  }

  onChange(handler: ChangeHandler<T>): () => void {
    for (const object of this.store.list()) this.tell(handler, undefined, object, true);
    this.handlers.add(handler);
    return () => this.handlers.delete(handler);
  }

  /** Lists and watches until `signal` aborts. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.options;
    let fruitless = 0;
    let hasty = 0;
    while (!signal.aborted) {
      const relist = this.resumeAt === undefined || fruitless >= FRUITLESS_WATCHES;
      const { error, fruitful, lasting } = await this.listAndWatch(relist, signal);
      fruitless = fruitful ? 0 : fruitless + 1;
      hasty = lasting ? 0 : hasty + 1;
      if (!error && lasting) continue;
      if (isKubeError(error, 'Expired')) this.resumeAt = undefined;
      if (error) log.warn({ resource: this.resource.plural, err: error, fruitless }, 'informer interrupted');
      const retryAfterMs = isKubeError(error) ? (error.retryAfterMs ?? 0) : 0;
      const pace = fruitful && !error ? RETRY_FOR_NEWS : RETRY;
      const waitMs = backoffMs(Math.max(1, fruitless, hasty), pace, this.random);
      await pause(clock, Math.max(retryAfterMs, waitMs), signal);
    }
  }

  /**
   * One watch to its end, after a list if asked for. Lasting: it lived for a good while; fruitful: it did, or something was
   * heard.
   */
  private async listAndWatch(
    relist: boolean,
    signal: AbortSignal,
  ): Promise<{ error?: unknown; fruitful: boolean; lasting: boolean }> {
    const { clock } = this.options;
    const watched = { since: Infinity, events: 0 };
    const isLasting = () => clock.monotonicMs() - watched.since >= GOOD_WATCH_MS;
    const isFruitful = () => watched.events > 0 || isLasting();
    try {
      if (relist) await this.relist(signal);
      watched.since = clock.monotonicMs();
      for await (const event of this.watch(signal)) {
        this.take(event);
        watched.events += 1;
      }
      return { fruitful: isFruitful(), lasting: isLasting() };
    } catch (error) {
      if (signal.aborted) return { fruitful: true, lasting: true };
      const silent = isKubeError(error, 'Timeout') && watched.events === 0;
      return { error, fruitful: isFruitful() && !silent, lasting: isLasting() && !silent };
    }
  }

  private async relist(signal: AbortSignal): Promise<void> {
    const { client, metrics } = this.options;
    const found = new Map<string, T>();
    let version: string | undefined;
    this.remembered.clear();
    for await (const page of pages(client, this.resource, { ...this.selection, signal })) {
      if (page.restart) found.clear();
      for (const object of page.items) found.set(keyOf(refOf(object)), this.keep(object));
      version = page.metadata.resourceVersion;
    }
    // What was written while the list was on its way is newer than the list.
    for (const [key, written] of this.remembered) {
      const object = this.store.get(key);
      if (object && isNewerVersion(written, version)) found.set(key, object);
    }
    for (const key of this.store.keys()) if (!found.has(key)) this.change(key, undefined, false);
    for (const [key, object] of found) {
      if (this.isOther(key, object)) this.change(key, object, !this.isSynced);
    }
    this.resumeAt = version;
    this.isSynced = true;
    this.firstList.resolve();
    metrics?.listed(this.resource.plural, this.store.size);
  }

  /** The events of one watch request, which breaks when none comes for `livenessMs`. */
  private async *watch(signal: AbortSignal): AsyncGenerator<WatchEvent<T>> {
    const { client, clock, metrics } = this.options;
    const request = new AbortController();
    const end = () => request.abort();
    let outcome: WatchOutcome = 'failed';
    let cancel = clock.after(this.livenessMs, end);
    signal.addEventListener('abort', end, { once: true });
    try {
      const events = client.watch(this.resource, {
        ...this.selection,
        resourceVersion: this.resumeAt ?? '',
        // Spread over five minutes, so that informers that started together do not end together.
        timeoutSeconds: Math.round(300 + this.random() * 300),
        signal: request.signal,
      });
      for await (const event of events) {
        cancel();
        cancel = clock.after(this.livenessMs, end);
        yield event;
      }
      outcome = 'ended';
    } catch (error) {
      if (!request.signal.aborted || signal.aborted) throw error;
      outcome = 'silent';
      const message = `nothing heard for ${this.livenessMs} ms`;
      throw new KubeError({ code: 'Timeout', operation: this.operation, message, cause: error });
    } finally {
      cancel();
      signal.removeEventListener('abort', end);
      metrics?.watchEnded(this.resource.plural, outcome);
    }
  }

  private take(event: WatchEvent<T>): void {
    if (event.type === 'ERROR') {
      const { code: status, message = 'the watch failed' } = event.object;
      const code = status === 410 ? 'Expired' : 'InternalError';
      throw new KubeError({ code, operation: this.operation, message, status });
    }
    const version = event.object.metadata?.resourceVersion;
    const key = keyOf(refOf(event.object));
    if (version === this.resumeAt || this.isPassed(key, event.type, version)) return;
    // A stream out of order may have lost something too, and a store restored from a backup starts again from below.
    if (this.resumeAt !== undefined && !isNewerVersion(version, this.resumeAt)) {
      const message = `version ${version} after ${this.resumeAt}`;
      throw new KubeError({ code: 'Expired', operation: this.operation, message });
    }
    this.resumeAt = version;
    if (event.type === 'BOOKMARK') return;
    if (event.type !== 'DELETED') this.change(key, this.keep(event.object), false);
    else if (this.store.get(key)) this.change(key, undefined, false);
  }

  /** Whether the cache is past what an event says of a key. */
  private isPassed(key: string, type: WatchEvent<T>['type'], version: string | undefined): boolean {
    const known = this.store.get(key)?.metadata?.resourceVersion;
    if (known === undefined || type === 'BOOKMARK') return false;
    // A write that takes an object out of the selection, or its last finalizer off, has the version of its deletion.
    return type === 'DELETED' ? isNewerVersion(known, version) : !isNewerVersion(version, known);
  }

  private isOther(key: string, object: T): boolean {
    const known = this.store.get(key)?.metadata;
    return known?.uid !== object.metadata?.uid || known?.resourceVersion !== object.metadata?.resourceVersion;
  }

  private keep(object: T): T {
    return deepFreeze((this.options.transform ?? dropManagedFields)(object));
  }

  private change(key: string, current: T | undefined, initial: boolean): void {
    const previous = this.store.get(key);
    if (current) this.store.set(key, current);
    else {
      this.store.delete(key);
      this.remembered.delete(key);
    }
    for (const handler of this.handlers) this.tell(handler, previous, current, initial);
  }

  private tell(
    handler: ChangeHandler<T>,
    previous: T | undefined,
    current: T | undefined,
    initial: boolean,
  ): void {
    try {
      handler(previous, current, initial);
    } catch (error) {
      const key = keyOf(refOf(current ?? previous ?? {}));
      this.options.log.error({ resource: this.resource.plural, key, err: error }, 'change handler failed');
    }
  }
}

function dropManagedFields<T extends KubeObject>(object: T): T {
  delete object.metadata?.managedFields;
  return object;
}
