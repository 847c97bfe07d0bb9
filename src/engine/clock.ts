/** Time as a parameter: production passes `systemClock`, tests pass one that they move by hand. */
export interface Clock {
  /** Wall clock, for what is written into objects. */
  now(): Date;
  /** Milliseconds that never jump, for durations and deadlines. */
  monotonicMs(): number;
  /** Calls back once after at least `ms`; the returned function cancels it. */
  after(ms: number, callback: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => new Date(),
  monotonicMs: () => performance.now(),
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};

/** Chance as a parameter, in [0, 1). */
export const systemRandom: () => number = Math.random;
