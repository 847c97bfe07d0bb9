import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { ExistenceCursor } from './cursor.ts';
import { type Existence, meterExistence } from './existence.ts';
import { dayMs } from './sample.ts';

const begunMs = 1_000_000;
const existence: Existence = { bornMs: begunMs, isStopped: false, className: 'gold', size: 's' };

/** What is booked when looks happen at these times, each with the state of that moment. */
function total(looks: readonly (readonly [nowMs: number, seen: Existence])[]) {
  let cursor: ExistenceCursor | undefined;
  const sum = { runningMs: 0, stoppedMs: 0 };
  const intervals: (readonly [number, number])[] = [];
  for (const [nowMs, seen] of looks) {
    const step = meterExistence(cursor, seen, nowMs);
    if (!step) continue;
    cursor = step.cursor;
    if (!step.interval) continue;
    intervals.push([step.interval.startMs, step.interval.endMs]);
    sum.runningMs += step.interval.amounts.runningMs ?? 0;
    sum.stoppedMs += step.interval.amounts.stoppedMs ?? 0;
  }
  return { ...sum, intervals };
}

describe('hours of a control plane', () => {
  it('are the same however time is cut, whoever leads and whatever their clocks say', () => {
    const times = fc.array(fc.integer({ min: begunMs, max: begunMs + dayMs }), { maxLength: 40 });
    fc.assert(
      fc.property(times, fc.integer({ min: begunMs + 1, max: begunMs + 2 * dayMs }), (looks, deletedMs) => {
        // Not sorted: clocks of leaders differ.
        const seen = (nowMs: number) => (nowMs < deletedMs ? existence : { ...existence, deletedMs });
        const all = [...looks, deletedMs + 5_000, deletedMs + 60_000].map(
          (nowMs) => [nowMs, seen(nowMs)] as const,
        );

        const { runningMs, stoppedMs, intervals } = total(all);

        expect(runningMs).toBe(deletedMs - begunMs);
        expect(stoppedMs).toBe(0);
        for (const [index, [startMs]] of intervals.entries())
          expect(startMs).toBe(intervals[index - 1]?.[1] ?? begunMs);
      }),
    );
  });

  it('end with the deletion, also for a clock that is behind', () => {
    const deleted = { ...existence, deletedMs: begunMs + 120_000 };

    const { runningMs, intervals } = total([
      [begunMs + 60_000, existence],
      [begunMs + 90_000, deleted],
      [begunMs + 180_000, deleted],
    ]);

    expect(runningMs).toBe(120_000);
    expect(intervals).toHaveLength(2);
  });

  it('count as it was when it was last looked at, as what is down changes nothing', () => {
    const stopped = { ...existence, isStopped: true };
    const looks = [
      [begunMs + 60_000, existence],
      [begunMs + 120_000, stopped],
      [begunMs + 3_600_000, stopped],
      [begunMs + 3_660_000, existence],
      [begunMs + 3_720_000, existence],
    ] as const;

    expect(total(looks)).toMatchObject({ runningMs: 180_000, stoppedMs: 3_540_000 });
  });

  it('are booked under the class that it had', () => {
    const first = meterExistence(undefined, existence, begunMs + 1000);
    const second = meterExistence(first?.cursor, { ...existence, className: 'silver' }, begunMs + 2000);
    const third = meterExistence(second?.cursor, { ...existence, className: 'silver' }, begunMs + 3000);

    expect(second?.interval?.offer).toEqual({ className: 'gold', size: 's' });
    expect(third?.interval?.offer).toEqual({ className: 'silver', size: 's' });
  });

  it('are filled for a month at most where nobody has counted before', () => {
    const nowMs = begunMs + 400 * dayMs;

    expect(meterExistence(undefined, existence, nowMs)?.interval?.startMs).toBe(nowMs - 31 * dayMs);
  });
});
