import { type Backoff, backoffMs, pause } from '../../engine/backoff.ts';
import type { Clock } from '../../engine/clock.ts';
import type { Log } from '../../engine/log.ts';
import { isDatabaseError } from '../errors.ts';
import type { AuditEntries } from './audit-entries.ts';
import type { AuditFacts } from './entry.ts';

export interface AuditWriterSurroundings {
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
}

interface Waiting {
  readonly facts: AuditFacts;
  /** An attempt to write it has ended, nobody knows how. */
  readonly isRepeated: boolean;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Entries of one transaction at most. */
const batchSize = 500;
/** Entries that are tried again at most, some 10 MB. */
const overdueCapacity = 10_000;
const retries: Backoff = { baseMs: 250, maxMs: 5_000 };
/** Milliseconds for which the end waits for what is overdue. */
const lastChanceMs = 5_000;

/** Writes what is told at the same time in one transaction: while one is under way, the next one gathers. */
export class AuditWriter {
  private readonly entries: Pick<AuditEntries, 'append'>;
  private readonly surroundings: AuditWriterSurroundings;
  private readonly stopping = new AbortController();
  private waiting: Waiting[] = [];
  private flushing: Promise<void> | undefined;
  private readonly overdue = new Set<Promise<void>>();

  constructor(entries: Pick<AuditEntries, 'append'>, surroundings: AuditWriterSurroundings) {
    this.entries = entries;
    this.surroundings = surroundings;
  }

  /** Resolves when it is there for good. Rejects with a `DatabaseError` `Unavailable`; it may be there nevertheless when the answer was lost. */
  write(facts: AuditFacts, { isRepeated = false } = {}): Promise<void> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ facts, isRepeated, resolve, reject });
      this.flushing ??= this.flush();
    });
  }

  /** Tries until it is there, once. What cannot be kept for that any longer is in the log. */
  writeEventually(facts: AuditFacts): void {
    const { log } = this.surroundings;
    if (this.overdue.size >= overdueCapacity)
      return log.error({ facts }, 'an audit entry was dropped: too many wait for the management database');
    const written = this.tryUntilWritten(facts).finally(() => this.overdue.delete(written));
    this.overdue.add(written);
  }

  /** Waits a while for what is overdue. */
  async close(): Promise<void> {
    const { clock } = this.surroundings;
    const cancel = clock.after(lastChanceMs, () => this.stopping.abort());
    await Promise.all(this.overdue);
    await this.flushing;
    cancel();
  }

  private async tryUntilWritten(facts: AuditFacts): Promise<void> {
    const { clock, random, log } = this.surroundings;
    const { signal } = this.stopping;
    for (let failures = 0; ;) {
      try {
        await this.write(facts, { isRepeated: failures > 0 });
        if (failures > 0) log.info({ exchange: facts.exchange, failures }, 'an audit entry was written late');
        return;
      } catch (error: unknown) {
        failures += 1;
        if (!isDatabaseError(error, 'Unavailable') || signal.aborted)
          return log.error({ err: error, facts }, 'an audit entry was dropped');
        if (failures === 1) log.warn({ err: error, facts }, 'an audit entry is overdue');
        await pause(clock, backoffMs(failures, retries, random), signal);
      }
    }
  }

  private async flush(): Promise<void> {
    // What comes in the same turn belongs to the same transaction.
    await Promise.resolve();
    while (this.waiting.length > 0) await this.append(this.waiting.splice(0, batchSize));
    this.flushing = undefined;
  }

  private async append(batch: readonly Waiting[]): Promise<void> {
    try {
      const isRepeated = batch.some((each) => each.isRepeated);
      await this.entries.append(
        batch.map(({ facts }) => facts),
        { isRepeated },
      );
      for (const { resolve } of batch) resolve();
    } catch (error: unknown) {
      // One that the database refuses must not take the others with it.
      const isRefused = !isDatabaseError(error, 'Unavailable');
      if (isRefused && batch.length > 1) for (const each of batch) await this.append([each]);
      else for (const { reject } of batch) reject(error);
    }
  }
}
