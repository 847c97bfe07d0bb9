import type { Log } from '../engine/log.ts';
import type { Changes, UsageStore } from './changes.ts';
import type { Ledger } from './ledger.ts';
import type { UsageMetrics } from './usage-metrics.ts';

/** Samples of one commit, or somewhat more: a control plane is not divided. */
export const batch = 20_000;

/** `Overtaken`: what the store has counts, and of the ledger the levels only. `Stopped`: as told, with something left. */
export type WriteOutcome = 'Written' | 'Overtaken' | 'Failed' | 'Stopped';

export interface UsageWriterOptions {
  readonly store: UsageStore;
  readonly metrics: UsageMetrics;
  readonly log: Log;
}

/** Brings what waits in a ledger to the store, in batches. */
export class UsageWriter {
  private readonly options: UsageWriterOptions;

  constructor(options: UsageWriterOptions) {
    this.options = options;
  }

  /** Never rejects. Between two batches it stops when told to. */
  async write(ledger: Ledger, signal: AbortSignal): Promise<WriteOutcome> {
    const { store, log } = this.options;
    try {
      while (!ledger.isWritten) {
        if (signal.aborted) return 'Stopped';
        const changes = ledger.changes(batch);
        if ((await store.commit(changes)) === 'Overtaken') return this.overtake();
        ledger.settled(changes);
        this.count(ledger, changes);
      }
    } catch (error: unknown) {
      log.warn({ err: error, pending: ledger.size }, 'usage was not written');
      return 'Failed';
    }
    return 'Written';
  }

  /** Two lead, or the end of a transaction was not heard of: over with the next sample. More than a few mean that something is wrong. */
  private overtake(): WriteOutcome {
    const { metrics, log } = this.options;
    metrics.overtaken();
    log.warn({}, 'usage was counted by somebody else, and goes on from what is written');
    return 'Overtaken';
  }

  private count(ledger: Ledger, { subjects, samples }: Changes): void {
    const { metrics } = this.options;
    for (const sample of samples) {
      const subject = ledger.subject(sample.uid);
      if (subject) metrics.count(subject, sample);
    }
    for (const { uid, deletedMs } of subjects) if (deletedMs !== undefined) metrics.forget(uid);
  }
}
