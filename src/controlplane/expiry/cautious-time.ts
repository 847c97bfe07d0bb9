import type { Clock } from '../../engine/clock.ts';

/**
 * Milliseconds since 1970 that never run ahead of what has really passed since this was made: a wall clock that is set forward does not shorten a life, one
 * that is set back prolongs it.
 */
export function cautiousTime(clock: Clock): () => number {
  const wallMs = clock.now().getTime();
  const monotonicMs = clock.monotonicMs();
  return () => Math.min(clock.now().getTime(), wallMs + clock.monotonicMs() - monotonicMs);
}
