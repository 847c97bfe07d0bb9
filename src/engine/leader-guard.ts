import type { Clock } from './clock.ts';

export class NotLeaderError extends Error {
  override readonly name = 'NotLeaderError';
  readonly code = 'NotLeader';
}

/**
 * The fence: says whether this process surely leads *now*. It does until `validMs` after the start of the last renewal
 * that succeeded, which is before anybody else may take the lease. A process that was stopped, or a thread that was busy,
 * for longer finds the fence shut before any timer has told it so.
 *
 * The monotonic clock decides; the wall clock can only shut the fence early. It has gone on where the monotonic one has
 * not: in a machine that was suspended.
 */
export class LeaderGuard {
  private readonly clock: Clock;
  private renewal:
    { readonly monotonicMs: number; readonly wallMs: number; readonly validMs: number } | undefined;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  get held(): boolean {
    return this.remainingMs() > 0;
  }

  /** Milliseconds for which the lease is surely held; 0 when it is not. */
  remainingMs(): number {
    if (!this.renewal) return 0;
    const { monotonicMs, wallMs, validMs } = this.renewal;
    const elapsed = Math.max(this.clock.monotonicMs() - monotonicMs, this.clock.now().getTime() - wallMs);
    return Math.max(0, validMs - elapsed);
  }

  /** @throws NotLeaderError when the lease could be over */
  assertHeld(): void {
    if (!this.held) throw new NotLeaderError('the lease is not surely held any more');
  }

  /** The present, as the start of a renewal: to be taken before it is sent. */
  mark(): { readonly monotonicMs: number; readonly wallMs: number } {
    return { monotonicMs: this.clock.monotonicMs(), wallMs: this.clock.now().getTime() };
  }

  /** A renewal that began at `mark` has succeeded. */
  extend(mark: { readonly monotonicMs: number; readonly wallMs: number }, validMs: number): void {
    this.renewal = { ...mark, validMs };
  }

  drop(): void {
    this.renewal = undefined;
  }
}
