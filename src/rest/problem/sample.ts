import type { Clock } from '../../engine/clock.ts';

/** The first few of what may come in any number. */
export class Sample {
  private readonly clock: Clock;
  private readonly most: number;
  private readonly windowMs: number;
  private beganMs = -Infinity;
  private seen = 0;
  private omitted = 0;

  constructor(clock: Clock, most: number, windowMs: number) {
    this.clock = clock;
    this.most = most;
    this.windowMs = windowMs;
  }

  /** undefined: leave it out; otherwise how many were left out since the last that was not. */
  take(): { readonly omitted: number } | undefined {
    const nowMs = this.clock.monotonicMs();
    if (nowMs - this.beganMs >= this.windowMs) {
      this.beganMs = nowMs;
      this.seen = 0;
    }
    this.seen += 1;
    if (this.seen > this.most) {
      this.omitted += 1;
      return undefined;
    }
    const { omitted } = this;
    this.omitted = 0;
    return { omitted };
  }
}
