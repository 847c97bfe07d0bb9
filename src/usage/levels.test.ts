import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Cursor } from './cursor.ts';
import { meterResources, meterStorage } from './levels.ts';

const bornMs = 0;
const reachMs = 90_000;
const pod = { createdMs: 0, usage: { cpuCores: 0.25, memoryBytes: 1000 } };

describe('CPU and memory', () => {
  it('are the level times what was covered, however time is cut', () => {
    const gaps = fc.array(fc.integer({ min: 0, max: 400_000 }), { minLength: 1, maxLength: 50 });
    fc.assert(
      fc.property(gaps, (waits) => {
        let cursor: Cursor | undefined;
        let nowMs = 0;
        let coveredMs = 0;
        let cpuSeconds = 0;
        let expectedMs = 0;
        for (const wait of waits) {
          nowMs += wait;
          expectedMs += Math.min(wait, reachMs);
          const step = meterResources(cursor, [pod, pod], { nowMs, reachMs, bornMs });
          cursor = step?.cursor ?? cursor;
          coveredMs += (step?.interval?.endMs ?? 0) - (step?.interval?.startMs ?? 0);
          cpuSeconds += step?.interval?.amounts.cpuSeconds ?? 0;
        }

        expect(coveredMs).toBe(expectedMs);
        expect(cpuSeconds).toBeCloseTo((0.5 * coveredMs) / 1000, 6);
      }),
    );
  });

  it('count from when a pod was made', () => {
    const step = meterResources({ untilMs: 100_000 }, [{ ...pod, createdMs: 150_000 }], {
      nowMs: 160_000,
      reachMs,
      bornMs,
    });

    expect(step?.interval?.amounts).toEqual({ cpuSeconds: 2.5, memoryByteSeconds: 10_000 });
  });

  it('go on at once when whoever counted before had a clock that was far ahead', () => {
    const moment = { nowMs: 600_000, reachMs, bornMs };
    const ahead = meterResources({ untilMs: 3_600_000 }, [pod], moment);
    const next = meterResources(ahead?.cursor, [pod], { ...moment, nowMs: 660_000 });

    expect(ahead).toEqual({ cursor: { untilMs: 600_000 } });
    expect(next?.interval).toMatchObject({ startMs: 600_000, endMs: 660_000 });
    expect(meterResources({ untilMs: 900_000 }, [pod], moment)).toBeUndefined();
  });

  it('are not known while one pod is not measured, and nothing where there is none', () => {
    const moment = { nowMs: 60_000, reachMs, bornMs };

    expect(meterResources(undefined, [pod, { createdMs: 0 }], moment)).toBeUndefined();
    expect(meterResources(undefined, [], moment)?.interval?.amounts.cpuSeconds).toBe(0);
  });
});

describe('storage', () => {
  it('is what is known, and unknown where nobody has measured', () => {
    const moment = { nowMs: 60_000, reachMs, bornMs };

    expect(meterStorage(undefined, undefined, moment)).toBeUndefined();
    expect(meterStorage({ untilMs: 3_600_000 }, 500, moment)).toEqual({ cursor: { untilMs: 60_000 } });
    expect(meterStorage(undefined, 500, moment)?.interval).toEqual({
      startMs: 0,
      endMs: 60_000,
      amounts: { storageByteSeconds: 30_000, storageBytes: 500 },
    });
  });
});
