import type { Clock } from '../engine/clock.ts';

/** Milliseconds by which a wall clock may gain on the monotonic one between two looks: it is being set slowly. */
const slewMs = 2_000;
/** Milliseconds for which it must have been ahead until that is the time. */
const patienceMs = 600_000;

/**
 * A clock whose wall time does not take part in a jump forward of a few minutes. One that lasts is believed in the end: the machine slept, or its
 * clock was behind before. A clock that is set back is followed at once.
 */
export function believedClock(clock: Clock): Clock {
  let offsetMs = clock.now().getTime() - clock.monotonicMs();
  let aheadSinceMs: number | undefined;
  return {
    now: () => {
      const wall = clock.now();
      const monotonicMs = clock.monotonicMs();
      const seenMs = wall.getTime() - monotonicMs;
      if (seenMs - offsetMs > slewMs) {
        aheadSinceMs ??= monotonicMs;
        if (monotonicMs - aheadSinceMs < patienceMs) return new Date(Math.floor(monotonicMs + offsetMs));
      }
      aheadSinceMs = undefined;
      offsetMs = seenMs;
      return wall;
    },
    monotonicMs: () => clock.monotonicMs(),
    after: (ms, callback) => clock.after(ms, callback),
  };
}
