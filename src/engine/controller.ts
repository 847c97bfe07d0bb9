import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { isKubeError } from '../kube/errors.ts';
import type { Source } from '../kube/informer.ts';
import type { Backoff } from './backoff.ts';
import { systemRandom, type Clock } from './clock.ts';
import type { Log } from './log.ts';
import type { ControllerMetrics, EngineMetrics, ReconcileOutcome } from './metrics.ts';
import { WorkQueue, type Lane } from './queue.ts';
import { TerminalError, type Result } from './result.ts';

export interface ReconcileContext {
  /** Aborts when the process stops, leadership ends, or the reconcile has taken too long. */
  readonly signal: AbortSignal;
  /** Tells this run from every other in logs. */
  readonly runId: string;
  /** Says controller, key and runId with every line. */
  readonly log: Log;
}

/** Brings what is in line with what is wished, for one key. The contract is in README.md. */
export type Reconcile = (key: string, context: ReconcileContext) => Promise<Result>;

export interface ControllerOptions {
  readonly name: string;
  readonly reconcile: Reconcile;
  readonly clock: Clock;
  readonly log: Log;
  /** Keys worked on at once, default 4. */
  readonly workers?: number;
  readonly random?: () => number;
  readonly metrics?: EngineMetrics;
  readonly backoff?: Backoff;
  /** Milliseconds for one reconcile before its signal aborts, default five minutes. */
  readonly timeoutMs?: number;
}

export interface WatchRule<T> {
  /** Whether a change matters; default: always. Not asked for what was there at the start. */
  readonly when?: (previous: T | undefined, current: T | undefined) => boolean;
  /** For changes, default normal; what was there at the start always takes the normal lane. */
  readonly lane?: Lane;
}

/** Milliseconds that a worker may hold the event loop for. */
const TURN_MS = 10;

/** N workers that reconcile the keys that sources, callers and earlier runs put into one queue. */
export class Controller {
  readonly name: string;
  private readonly options: ControllerOptions;
  private readonly workers: number;
  private readonly metrics: ControllerMetrics | undefined;
  private readonly subscriptions: ((queue: WorkQueue) => () => void)[] = [];
  private queue: WorkQueue | undefined;

  constructor(options: ControllerOptions) {
    this.options = options;
    this.name = options.name;
    this.workers = options.workers ?? 4;
    this.metrics = options.metrics?.controller(options.name, this.workers);
  }

  /** Reconciles the keys that `keysOf` finds in an object, before and after each change of it. */
  watches<T>(source: Source<T>, keysOf: (object: T) => readonly string[], rule: WatchRule<T> = {}): this {
    const { when = () => true, lane = 'normal' } = rule;
    this.subscriptions.push((queue) =>
      source.onChange((previous, current, initial) => {
        if (!initial && !when(previous, current)) return;
        const keys = new Set<string>();
        for (const object of [previous, current]) if (object) for (const key of keysOf(object)) keys.add(key);
        for (const key of keys) queue.add(key, initial ? 'normal' : lane);
      }),
    );
    return this;
  }

  /** For changes that no source sees. Ignored while not running: the next run starts from everything anyway. */
  enqueue(
    key: string,
    { lane, afterMs = 0 }: { readonly lane?: Lane; readonly afterMs?: number } = {},
  ): void {
    this.queue?.addAfter(key, afterMs, lane);
  }

  /**
   * Works until `signal` aborts and what was begun has ended. May be called again after that: each run starts with
   * every key that the sources know.
   */
  async run(signal: AbortSignal): Promise<void> {
    if (this.queue) throw new Error(`controller ${this.name} runs already`);
    const { clock, random = systemRandom, backoff } = this.options;
    const queue = new WorkQueue({ clock, random, backoff, metrics: this.metrics?.queue });
    this.queue = queue;
    this.metrics?.observe(queue, () => clock.monotonicMs());
    const unsubscribe = this.subscriptions.map((subscribe) => subscribe(queue));
    const close = () => void queue.close();
    signal.addEventListener('abort', close, { once: true });
    if (signal.aborted) close();
    try {
      await Promise.all(Array.from({ length: this.workers }, () => this.work(queue, signal)));
    } finally {
      signal.removeEventListener('abort', close);
      for (const stop of unsubscribe) stop();
      this.queue = undefined;
    }
  }

  private async work(queue: WorkQueue, signal: AbortSignal): Promise<void> {
    const { clock } = this.options;
    let turnedMs = clock.monotonicMs();
    for (let key = await queue.take(); key !== undefined; key = await queue.take()) {
      try {
        await this.reconcile(queue, key, signal);
      } finally {
        queue.done(key);
      }
      // A reconcile that finds all it needs in caches awaits nothing real: timers, and the lease with them, would starve.
      if (clock.monotonicMs() - turnedMs < TURN_MS) continue;
      await nextTurn();
      turnedMs = clock.monotonicMs();
    }
  }

  private async reconcile(queue: WorkQueue, key: string, stopping: AbortSignal): Promise<void> {
    const { clock, reconcile, timeoutMs = 300_000 } = this.options;
    const runId = randomUUID();
    const log = this.options.log.child({ controller: this.name, key, runId });
    const run = new AbortController();
    const stop = () => run.abort(stopping.reason);
    const cancel = clock.after(timeoutMs, () =>
      run.abort(new DOMException('reconcile took too long', 'TimeoutError')),
    );
    stopping.addEventListener('abort', stop, { once: true });
    if (stopping.aborted) stop();
    const started = clock.monotonicMs();
    this.metrics?.started();
    let outcome: ReconcileOutcome = 'error';
    try {
      outcome = settle(queue, key, await reconcile(key, { signal: run.signal, runId, log }), log);
    } catch (error) {
      if (stopping.aborted) log.info({ err: error }, 'reconcile stopped half way');
      else outcome = fail(queue, key, error, log);
    } finally {
      cancel();
      stopping.removeEventListener('abort', stop);
      this.metrics?.ended(outcome, clock.monotonicMs() - started);
    }
  }
}

function settle(queue: WorkQueue, key: string, result: Result, log: Log): ReconcileOutcome {
  queue.forget(key);
  if (result.kind === 'done') {
    log.debug({}, 'reconcile is done');
    return 'success';
  }
  log.debug({ afterMs: result.afterMs, reason: result.reason }, 'reconcile goes on later');
  queue.addAfter(key, result.afterMs);
  return 'requeue_after';
}

function fail(queue: WorkQueue, key: string, error: unknown, log: Log): ReconcileOutcome {
  if (error instanceof TerminalError) {
    queue.forget(key);
    log.error({ err: error }, 'reconcile failed for good');
    return 'terminal_error';
  }
  const afterMs = queue.addRateLimited(key, isKubeError(error) ? error.retryAfterMs : 0);
  log.warn({ err: error, failures: queue.failures(key), retryInMs: afterMs }, 'reconcile failed');
  return 'error';
}
