import type { Clock } from './clock.ts';
import type { LeaderElection } from './leader-election.ts';
import type { Log } from './log.ts';

/** An informer, or what behaves like one. */
export interface Cache {
  readonly hasSynced: boolean;
  synced(signal?: AbortSignal): Promise<void>;
  run(signal: AbortSignal): Promise<void>;
}

/** A controller, or anything else that only a leader does. */
export interface LeaderTask {
  readonly name: string;
  run(signal: AbortSignal): Promise<void>;
}

export interface ManagerOptions {
  readonly informers: readonly Cache[];
  readonly controllers: readonly LeaderTask[];
  /** Without it this process takes itself for the only one. */
  readonly election?: LeaderElection;
  readonly clock: Clock;
  readonly log: Log;
  /** Milliseconds that controllers have to stop, default 20,000. */
  readonly stopTimeoutMs?: number;
}

/**
 * Runs the parts in order: caches, leadership, controllers; and stops them in the reverse. A replica that does not lead
 * keeps its caches warm; one that loses the lease stops its controllers and stands by again.
 */
export class Manager {
  private readonly options: ManagerOptions;
  private isLeading = false;

  constructor(options: ManagerOptions) {
    this.options = options;
  }

  /** Readiness: every cache is filled. */
  get ready(): boolean {
    return this.options.informers.every(({ hasSynced }) => hasSynced);
  }

  get leading(): boolean {
    return this.isLeading;
  }

  /**
   * Resolves when all has stopped after `signal` aborted. Rejects when a controller fails, or does not stop in time:
   * the process should then exit, and be it with work half done.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { informers, election, log } = this.options;
    const watching = new AbortController();
    const caches = informers.map((informer) => informer.run(watching.signal));
    try {
      for (const informer of informers) await informer.synced(signal);
      log.info({ caches: informers.length }, 'caches filled');
      if (!election) await this.lead(signal);
      else while (!signal.aborted) await election.run(signal, (term) => this.lead(term));
    } catch (error) {
      if (!signal.aborted || error !== signal.reason) throw error;
    } finally {
      watching.abort();
      await Promise.all(caches);
    }
  }

  private async lead(term: AbortSignal): Promise<void> {
    const { controllers, clock, stopTimeoutMs = 20_000 } = this.options;
    const failed = new AbortController();
    const signal = AbortSignal.any([term, failed.signal]);
    const late = Promise.withResolvers<never>();
    const running = new Set(controllers);
    let cancel = () => {};
    const startDeadline = () => {
      cancel = clock.after(stopTimeoutMs, () => {
        const names = [...running].map(({ name }) => name).join(', ');
        late.reject(new Error(`still at work ${stopTimeoutMs} ms after stop: ${names}`));
      });
    };
    if (signal.aborted) startDeadline();
    else signal.addEventListener('abort', startDeadline, { once: true });
    this.isLeading = true;
    try {
      const runs = controllers.map(async (controller) => {
        await controller.run(signal);
        running.delete(controller);
      });
      // One that fails takes the others with it, but they get their time to stop.
      const ended = Promise.allSettled(runs.map((run) => run.catch((error: unknown) => failed.abort(error))));
      await Promise.race([ended, late.promise]);
      if (failed.signal.aborted) throw failed.signal.reason;
    } finally {
      this.isLeading = false;
      cancel();
      signal.removeEventListener('abort', startDeadline);
    }
  }
}
