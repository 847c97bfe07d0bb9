import { isFarAhead, type RequestCounter, type RequestsCursor, type Step } from './cursor.ts';
import { dayMs } from './sample.ts';

/** What one API server says of itself. */
export type RequestReading = RequestCounter;

/** Pods remembered of one control plane: a counter that is forgotten too soon would be counted again from its beginning. */
const remembered = 32;
/** Milliseconds by which a process may say its start differently: the kernel tells it by a clock that is being set. */
const sameStartMs = 2_000;
/** Of one interval: no API server answers so many, and sums of it stay within what a database counts. */
const most = 1e12;
const longestBackfillMs = 31 * dayMs;

/**
 * Adds what counters have grown by. A process that was never read counts from its start, since all that it answered was the tenant's; what one
 * answered between its last reading and its end nobody knows.
 */
export function meterRequests(
  cursor: RequestsCursor | undefined,
  readings: readonly RequestReading[],
  { bornMs, nowMs }: { readonly bornMs: number; readonly nowMs: number },
): Step<RequestsCursor> | undefined {
  const countedMs = isFarAhead(cursor, nowMs) ? nowMs - 1 : (cursor?.untilMs ?? bornMs);
  const earliestMs = Math.max(countedMs, nowMs - longestBackfillMs);
  if (readings.length === 0 || earliestMs >= nowMs) return undefined;
  const known = new Map(cursor?.counters.map((counter) => [counter.pod, counter]));
  let requests = 0;
  let startMs = nowMs;
  for (const reading of readings) {
    const before = known.get(reading.pod);
    const isKnown = before !== undefined && isSameProcess(before, reading);
    requests += Math.max(0, reading.value - (isKnown ? before.value : 0));
    startMs = Math.min(startMs, isKnown ? earliestMs : reading.startedMs);
    known.set(
      reading.pod,
      isKnown && before.value > reading.value ? { ...reading, value: before.value } : reading,
    );
  }
  const counters = [...known.values()].sort((a, b) => b.atMs - a.atMs).slice(0, remembered);
  return {
    cursor: { untilMs: nowMs, counters },
    interval: {
      // A process that says it began just now still takes its time.
      startMs: Math.max(earliestMs, Math.min(startMs, nowMs - 1)),
      endMs: nowMs,
      amounts: { requests: Math.min(requests, most) },
    },
  };
}

function isSameProcess(before: RequestCounter, now: RequestReading): boolean {
  if (Math.abs(before.startedMs - now.startedMs) <= sameStartMs) return true;
  return before.restarts === now.restarts && now.value >= before.value;
}
