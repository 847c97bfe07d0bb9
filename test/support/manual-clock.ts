import type { Clock } from '../../src/engine/clock.ts';

interface Timer {
  readonly due: number;
  readonly callback: () => void;
}

/** A clock that stands still until it is moved. Wall and monotonic time can be moved apart, as a real machine's can. */
export class ManualClock implements Clock {
  private readonly timers = new Set<Timer>();
  private elapsedMs = 0;
  private wallMs: number;

  constructor(start = new Date('2026-01-01T00:00:00Z')) {
    this.wallMs = start.getTime();
  }

  now(): Date {
    return new Date(this.wallMs);
  }

  monotonicMs(): number {
    return this.elapsedMs;
  }

  after(ms: number, callback: () => void): () => void {
    const timer = { due: this.elapsedMs + Math.max(0, ms), callback };
    this.timers.add(timer);
    return () => this.timers.delete(timer);
  }

  /** Timers that wait. */
  get pending(): number {
    return this.timers.size;
  }

  /** Moves on by `ms`; what falls due runs in order, and what it awaits gets its turn before the next. */
  async advance(ms: number): Promise<void> {
    const end = this.elapsedMs + ms;
    await settle();
    for (let timer = this.next(end); timer; timer = this.next(end)) {
      this.moveTo(timer.due);
      this.timers.delete(timer);
      timer.callback();
      await settle();
    }
    this.moveTo(end);
  }

  /** The wall clock is set by somebody; monotonic time and timers do not notice. */
  jumpWall(ms: number): void {
    this.wallMs += ms;
  }

  /** The process was stopped for `ms` (SIGSTOP): time went on and no timer ran. They run at the next `advance`. */
  freeze(ms: number): void {
    this.moveTo(this.elapsedMs + ms);
  }

  private next(end: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.timers) if (timer.due <= end && (!first || timer.due < first.due)) first = timer;
    return first;
  }

  private moveTo(elapsedMs: number): void {
    const ms = Math.max(0, elapsedMs - this.elapsedMs);
    this.elapsedMs += ms;
    this.wallMs += ms;
  }
}

/** Lets everything run that waits for no timer and no I/O. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
}
