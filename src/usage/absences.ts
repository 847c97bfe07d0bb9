import type { Clock } from '../engine/clock.ts';
import type { Ledger } from './ledger.ts';

/** Milliseconds after which a control plane that is in no cache, and was not seen to go, counts as deleted. */
const lostMs = 600_000;

/** What becomes of those that are in no cache. */
export class Absences {
  private readonly clock: Clock;
  /** By UID: since when, monotonic. */
  private readonly lost = new Map<string, number>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /**
   * The hours of one that went while nobody looked end with the last that was counted. One that is deleted is forgotten when its deletion is written,
   * and nobody remembers it (`present`: UIDs of those that are still seen).
   */
  settle(ledger: Ledger, present: ReadonlySet<string>): void {
    const nowMs = this.clock.monotonicMs();
    for (const { subject, cursors } of ledger.all()) {
      const { uid, bornMs, deletedMs } = subject;
      if (present.has(uid) || deletedMs !== undefined) {
        this.lost.delete(uid);
        if (!present.has(uid)) ledger.forget(uid);
        continue;
      }
      const sinceMs = this.lost.get(uid) ?? nowMs;
      this.lost.set(uid, sinceMs);
      if (nowMs - sinceMs < lostMs) continue;
      ledger.register({ ...subject, deletedMs: cursors.existence?.untilMs ?? bornMs });
    }
  }

  clear(): void {
    this.lost.clear();
  }
}
