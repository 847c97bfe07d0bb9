import type { Clock } from '../../engine/clock.ts';

/** Milliseconds by which the clock may be corrected without being called ahead: what is lost by that is nobody's concern. */
const toleranceMs = 60_000;
/** Milliseconds that the clock has to be ahead without a break until it is believed: long enough for somebody to notice a wrong one. */
const believedAfterMs = 24 * 3_600_000;

/**
 * Milliseconds since 1970 that do not run ahead of what has really passed since this was made: a wall clock that is set forward does not shorten a life, one
 * that is set back prolongs it. One that stays ahead for a day is right after all, as after a start with a clock that was behind. `onAhead` is told by
 * how many milliseconds, once.
 */
export function cautiousTime(clock: Clock, onAhead: (aheadMs: number) => void = () => {}): () => number {
  let startMs = clock.now().getTime() - clock.monotonicMs();
  let aheadSinceMs: number | undefined;
  return () => {
    const [wallMs, monotonicMs] = [clock.now().getTime(), clock.monotonicMs()];
    const passedMs = startMs + monotonicMs;
    if (wallMs - passedMs <= toleranceMs) {
      aheadSinceMs = undefined;
      return Math.min(wallMs, passedMs);
    }
    if (aheadSinceMs === undefined) onAhead(wallMs - passedMs);
    aheadSinceMs ??= monotonicMs;
    if (monotonicMs - aheadSinceMs < believedAfterMs) return passedMs;
    startMs = wallMs - monotonicMs;
    return wallMs;
  };
}
