import { backoffMs, type Backoff } from './backoff.ts';
import type { Clock } from './clock.ts';

/** `urgent` is for what a person waits for; it goes first, but never shuts out the rest. */
export type Lane = 'normal' | 'urgent';

/** What happens to keys, for metrics. Times in milliseconds. */
export interface QueueMetrics {
  added(): void;
  retried(): void;
  /** A key was handed out after it had been ready for so long. */
  taken(waitedMs: number): void;
  /** A key was given back after work on it for so long. */
  finished(workedMs: number): void;
}

export interface QueueOptions {
  readonly clock: Clock;
  /** In [0, 1), for the jitter of retries. */
  readonly random: () => number;
  /** Of one key that fails again and again; default from 100 ms to two minutes. */
  readonly backoff?: Backoff;
  readonly metrics?: QueueMetrics;
}

interface Ready {
  readonly since: number;
}

interface Delayed {
  readonly due: number;
  readonly lane: Lane;
  readonly cancel: () => void;
}

interface Working {
  readonly since: number;
  /** Added again meanwhile. */
  again?: Lane;
}

const BACKOFF: Backoff = { baseMs: 100, maxMs: 120_000 };
/** Urgent keys in a row that a waiting normal one lets pass. */
const URGENT_RUN = 8;

/**
 * Keys to be worked on, each at most once in the queue and by one worker at a time, after client-go's workqueue.
 * A key is ready, delayed or being worked on; only the last two can hold at once. What is added while it is worked on
 * becomes ready when that ends. Ready means now, so it ends a delay: whoever works on a key decides anew about later.
 */
export class WorkQueue {
  private readonly options: QueueOptions;
  /** In order of arrival. */
  private readonly ready: Readonly<Record<Lane, Map<string, Ready>>> = {
    normal: new Map(),
    urgent: new Map(),
  };
  private readonly delayed = new Map<string, Delayed>();
  private readonly working = new Map<string, Working>();
  private readonly failureCounts = new Map<string, number>();
  private readonly takers: ((key: string | undefined) => void)[] = [];
  private urgentRun = 0;
  private state: 'open' | 'draining' | 'closed' = 'open';
  private readonly idle = Promise.withResolvers<void>();

  constructor(options: QueueOptions) {
    this.options = options;
  }

  get counts(): { readonly ready: number; readonly delayed: number; readonly working: number } {
    const { normal, urgent } = this.ready;
    return { ready: normal.size + urgent.size, delayed: this.delayed.size, working: this.working.size };
  }

  /** Since when (monotonic ms) each key in work is being worked on. */
  get workingSince(): number[] {
    return [...this.working.values()].map(({ since }) => since);
  }

  /** Makes a key ready now; one that waits in the normal lane moves over when added as urgent. */
  add(key: string, lane: Lane = 'normal'): void {
    if (this.state !== 'open') return;
    this.cancelDelay(key);
    const working = this.working.get(key);
    if (working) {
      working.again = working.again === 'urgent' ? 'urgent' : lane;
      return;
    }
    this.makeReady(key, lane);
    this.handOut();
  }

  /** Adds a key after at least `ms`. Of several delays the earliest counts. */
  addAfter(key: string, ms: number, lane: Lane = 'normal'): void {
    if (ms <= 0) return this.add(key, lane);
    if (this.state !== 'open' || this.isReady(key)) return;
    const due = this.options.clock.monotonicMs() + ms;
    const earlier = this.delayed.get(key);
    if (earlier && earlier.due <= due) return;
    this.cancelDelay(key);
    const cancel = this.options.clock.after(ms, () => this.add(key, lane));
    this.delayed.set(key, { due, lane, cancel });
  }

  /** Adds a key that has failed once more, after its back-off and at least `atLeastMs`; the delay in milliseconds. */
  addRateLimited(key: string, atLeastMs = 0): number {
    const failures = this.failures(key) + 1;
    this.failureCounts.set(key, failures);
    const { backoff = BACKOFF, random, metrics } = this.options;
    const ms = Math.max(atLeastMs, backoffMs(failures, backoff, random));
    metrics?.retried();
    this.addAfter(key, ms);
    return ms;
  }

  /** Failures in a row. */
  failures(key: string): number {
    return this.failureCounts.get(key) ?? 0;
  }

  /** The key is well: its next failure is a first one. */
  forget(key: string): void {
    this.failureCounts.delete(key);
  }

  /** The next key, to be given back with `done`; undefined when the queue is closed, or drained. */
  take(): Promise<string | undefined> {
    if (this.isOver()) return Promise.resolve(undefined);
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    this.takers.push(resolve);
    this.handOut();
    return promise;
  }

  done(key: string): void {
    const working = this.working.get(key);
    if (!working) throw new Error(`${key} is not being worked on`);
    this.working.delete(key);
    this.options.metrics?.finished(this.options.clock.monotonicMs() - working.since);
    if (working.again && this.state !== 'closed') {
      this.cancelDelay(key);
      this.makeReady(key, working.again);
    }
    this.handOut();
  }

  /** Hands out nothing more. Work goes on; the promise resolves when the last of it is done. */
  close(): Promise<void> {
    this.state = 'closed';
    for (const lane of Object.values(this.ready)) lane.clear();
    return this.finish();
  }

  /** Takes nothing more in, but hands out what is ready; resolves when all is done. Delayed keys are dropped. */
  drain(): Promise<void> {
    if (this.state === 'open') this.state = 'draining';
    return this.finish();
  }

  private finish(): Promise<void> {
    for (const key of [...this.delayed.keys()]) this.cancelDelay(key);
    this.handOut();
    return this.idle.promise;
  }

  private isReady(key: string): boolean {
    return this.ready.normal.has(key) || this.ready.urgent.has(key);
  }

  private isOver(): boolean {
    return this.state !== 'open' && this.counts.ready === 0 && this.working.size === 0;
  }

  private makeReady(key: string, lane: Lane): void {
    if (this.ready.urgent.has(key)) return;
    const waiting = this.ready.normal.get(key);
    if (waiting && lane === 'normal') return;
    this.ready.normal.delete(key);
    this.ready[lane].set(key, waiting ?? { since: this.options.clock.monotonicMs() });
    if (!waiting) this.options.metrics?.added();
  }

  private handOut(): void {
    while (this.takers.length > 0) {
      const next = this.next();
      if (!next) break;
      const [key, { since }] = next;
      const now = this.options.clock.monotonicMs();
      this.working.set(key, { since: now });
      this.options.metrics?.taken(now - since);
      this.takers.shift()?.(key);
    }
    if (this.state === 'closed' || this.isOver()) for (const taker of this.takers.splice(0)) taker(undefined);
    if (this.isOver()) this.idle.resolve();
  }

  private next(): [string, Ready] | undefined {
    const { normal, urgent } = this.ready;
    const first = urgent.size > 0 && (normal.size === 0 || this.urgentRun < URGENT_RUN) ? urgent : normal;
    const [entry] = first;
    if (!entry) return undefined;
    this.urgentRun = first === urgent ? this.urgentRun + 1 : 0;
    first.delete(entry[0]);
    return entry;
  }

  private cancelDelay(key: string): void {
    this.delayed.get(key)?.cancel();
    this.delayed.delete(key);
  }
}
