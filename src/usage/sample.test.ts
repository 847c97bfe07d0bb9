import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { behind, hourMs, joined, type Sample, splitAtHours } from './sample.ts';

const base = { uid: 'u', source: 'requests', className: '', size: '' } as const;
const arbitrary = fc
  .record({
    startMs: fc.integer({ min: 0, max: 40 * hourMs }),
    lastedMs: fc.integer({ min: 1, max: 40 * hourMs }),
    requests: fc.integer({ min: 0, max: 10_000_000 }),
    cpuSeconds: fc.double({ min: 0, max: 1e6, noNaN: true }),
  })
  .map(({ startMs, lastedMs, requests, cpuSeconds }): Sample => ({
    ...base,
    startMs,
    endMs: startMs + lastedMs,
    amounts: { requests, runningMs: lastedMs, cpuSeconds, storageBytes: 7 },
  }));

describe('an interval', () => {
  it('is cut at every hour, and its pieces have exactly what it had', () => {
    fc.assert(
      fc.property(arbitrary, (sample) => {
        const pieces = splitAtHours(sample);

        expect(pieces[0]?.startMs).toBe(sample.startMs);
        expect(pieces.at(-1)?.endMs).toBe(sample.endMs);
        let requests = 0;
        let cpuSeconds = 0;
        for (const [index, { startMs, endMs, amounts }] of pieces.entries()) {
          expect(Math.floor(startMs / hourMs)).toBe(Math.floor((endMs - 1) / hourMs));
          expect(startMs).toBe(pieces[index - 1]?.endMs ?? sample.startMs);
          expect(amounts.runningMs).toBe(endMs - startMs);
          expect(amounts.storageBytes).toBe(7);
          expect(Number.isInteger(amounts.requests) && (amounts.requests ?? -1) >= 0).toBe(true);
          requests += amounts.requests ?? 0;
          cpuSeconds += amounts.cpuSeconds ?? 0;
        }
        expect(requests).toBe(sample.amounts.requests);
        expect(cpuSeconds).toBeCloseTo(sample.amounts.cpuSeconds ?? 0, 4);
      }),
    );
  });

  it('has behind a moment what is left of it', () => {
    const sample: Sample = { ...base, startMs: 100, endMs: 200, amounts: { requests: 10, cpuSeconds: 4 } };

    expect(behind(sample, 100)).toEqual(sample);
    expect(behind(sample, 150)).toEqual({ ...sample, startMs: 150, amounts: { requests: 5, cpuSeconds: 2 } });
    expect(behind(sample, 200)).toBeUndefined();
  });

  it('grows by the one that follows it in its hour, and by no other', () => {
    const sample = (startMs: number, endMs: number, className = ''): Sample => ({
      ...base,
      className,
      startMs,
      endMs,
      amounts: { requests: 5, storageBytes: startMs },
    });

    expect(joined(sample(0, 10), sample(10, 20))).toEqual({
      ...sample(0, 20),
      amounts: { requests: 10, storageBytes: 10 },
    });
    expect(joined(sample(0, 10), sample(11, 20))).toBeUndefined();
    expect(joined(sample(0, hourMs), sample(hourMs, hourMs + 1))).toBeUndefined();
    expect(joined(sample(0, 10), sample(10, 20, 'gold'))).toBeUndefined();
  });
});
