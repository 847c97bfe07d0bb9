import type { ExistenceCursor, Step } from './cursor.ts';
import { dayMs, type Offer } from './sample.ts';

/** How far back hours are filled for a control plane that was never counted. */
const longestBackfillMs = 31 * dayMs;

export interface Existence extends Offer {
  /** When something was first made for it. */
  readonly bornMs: number;
  /** When its deletion was asked for: its hours end there. */
  readonly deletedMs?: number;
  readonly isStopped: boolean;
}

/**
 * From birth to deletion without a gap: the control plane was there, whether anybody looked or not. Between two looks it counts as it was
 * at the first one; without Marina nothing stops or starts it.
 */
export function meterExistence(
  cursor: ExistenceCursor | undefined,
  { bornMs, deletedMs, ...state }: Existence,
  nowMs: number,
): Step<ExistenceCursor> | undefined {
  const { isStopped, className, size } = state;
  const startMs = cursor?.untilMs ?? Math.max(bornMs, nowMs - longestBackfillMs);
  // Nobody looks again after a deletion: a clock that is behind must not cut it short.
  const endMs = deletedMs ?? nowMs;
  const { untilMs: _, ...held } = cursor ?? { ...state, untilMs: startMs };
  if (endMs <= startMs) {
    const isNews = cursor?.isStopped !== isStopped || cursor.className !== className || cursor.size !== size;
    return isNews ? { cursor: { untilMs: startMs, isStopped, className, size } } : undefined;
  }
  const lastedMs = endMs - startMs;
  return {
    cursor: { untilMs: endMs, isStopped, className, size },
    interval: {
      startMs,
      endMs,
      amounts: held.isStopped ? { runningMs: 0, stoppedMs: lastedMs } : { runningMs: lastedMs, stoppedMs: 0 },
      offer: { className: held.className, size: held.size },
    },
  };
}
