import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { RequestCounter, RequestsCursor } from './cursor.ts';
import { meterRequests } from './requests.ts';

const bornMs = 1_000_000;

function reading(atMs: number, value: number, of: Partial<RequestCounter> = {}): RequestCounter {
  return { pod: 'a', restarts: 0, startedMs: bornMs + 5_000, value, atMs, ...of };
}

function meter(cursor: RequestsCursor | undefined, ...readings: readonly RequestCounter[]) {
  const nowMs = Math.max(...readings.map(({ atMs }) => atMs));
  return meterRequests(cursor, readings, { bornMs, nowMs });
}

type Event =
  | { readonly do: 'serve'; readonly pod: number; readonly count: number }
  | { readonly do: 'read'; readonly pods: readonly number[] }
  | { readonly do: 'restart'; readonly pod: number };

/** Replicas that answer some requests, start anew now and then, and are read now and then. */
const events: fc.Arbitrary<readonly Event[]> = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({ do: fc.constant('serve' as const), pod: fc.nat(2), count: fc.nat(500) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant('read' as const),
        pods: fc.subarray([0, 1, 2], { minLength: 1 }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const), pod: fc.nat(2) }) },
  ),
  { maxLength: 60 },
);

class Replica {
  counter: RequestCounter;
  /** Answered before the last reading of each process. */
  seen = 0;
  private readUpTo = 0;

  constructor(index: number) {
    this.counter = reading(0, 0, { pod: `p${index}`, startedMs: bornMs + index });
  }

  serve(count: number): void {
    this.counter = { ...this.counter, value: this.counter.value + count };
  }

  restart(startedMs: number): void {
    this.readUpTo = 0;
    this.counter = { ...this.counter, value: 0, restarts: this.counter.restarts + 1, startedMs };
  }

  read(atMs: number): RequestCounter {
    this.seen += this.counter.value - this.readUpTo;
    this.readUpTo = this.counter.value;
    return { ...this.counter, atMs };
  }
}

describe('requests', () => {
  it('are all that were answered before the last reading of each process, whoever reads and when', () => {
    fc.assert(
      fc.property(events, (happened) => {
        const replicas = [0, 1, 2].map((index) => new Replica(index));
        let nowMs = bornMs + 10_000;
        let cursor: RequestsCursor | undefined;
        let total = 0;
        for (const event of happened) {
          nowMs += 30_000;
          if (event.do === 'serve') replicas[event.pod]?.serve(event.count);
          if (event.do === 'restart') replicas[event.pod]?.restart(nowMs);
          if (event.do !== 'read') continue;
          const readings = event.pods.flatMap((index) => replicas[index]?.read(nowMs) ?? []);
          const step = meterRequests(cursor, readings, { bornMs, nowMs });
          expect(step?.interval?.startMs).toBeGreaterThanOrEqual(cursor?.untilMs ?? bornMs);
          total += step?.interval?.amounts.requests ?? 0;
          cursor = step?.cursor;
        }

        expect(total).toBe(replicas.reduce((sum, { seen }) => sum + seen, 0));
      }),
    );
  });

  it('of a process whose clock was set are not counted again', () => {
    const first = meter(undefined, reading(bornMs + 60_000, 1000));
    const second = meter(first?.cursor, reading(bornMs + 120_000, 1100, { startedMs: bornMs + 65_000 }));

    expect(second?.interval?.amounts.requests).toBe(100);
  });

  it('of a new process behind a restart that is not told of yet are not counted twice when it is', () => {
    const at = (seconds: number) => bornMs + seconds * 1000;
    const first = meter(undefined, reading(at(60), 10));
    const early = meter(first?.cursor, reading(at(120), 40, { startedMs: at(100) }));
    const told = meter(early?.cursor, reading(at(180), 50, { startedMs: at(100), restarts: 1 }));

    expect([early, told].map((step) => step?.interval?.amounts.requests)).toEqual([30, 10]);
  });

  it('that a counter takes back are neither taken back nor counted again', () => {
    let cursor = meter(undefined, reading(bornMs + 60_000, 1000))?.cursor;
    const counted = [10, 1000, 10, 1001].map((value, index) => {
      const step = meter(cursor, reading(bornMs + 120_000 + index * 60_000, value));
      cursor = step?.cursor;
      return step?.interval?.amounts.requests;
    });

    expect(counted).toEqual([0, 0, 0, 1]);
  });

  it('leave a gap where the process that answered is not there any more', () => {
    const first = meter(undefined, reading(bornMs + 60_000, 10));
    const startedMs = bornMs + 3_000_000;
    const second = meter(first?.cursor, reading(startedMs + 60_000, 7, { pod: 'b', startedMs }));

    expect(second?.interval).toEqual({
      startMs: startedMs,
      endMs: startedMs + 60_000,
      amounts: { requests: 7 },
    });
  });

  it('of one that says it started in the future take their time nevertheless', () => {
    const step = meter(undefined, reading(bornMs + 60_000, 7, { startedMs: bornMs + 9e9 }));

    expect(step?.interval).toMatchObject({ startMs: bornMs + 59_999, endMs: bornMs + 60_000 });
  });

  it('go on at once when whoever counted before had a clock that was far ahead', () => {
    const nowMs = bornMs + 60_000;
    const ahead: RequestsCursor = {
      untilMs: nowMs + 3_600_000,
      counters: [reading(nowMs + 3_600_000, 100)],
    };

    const step = meter(ahead, reading(nowMs, 130));

    expect(step?.cursor.untilMs).toBe(nowMs);
    expect(step?.interval).toEqual({ startMs: nowMs - 1, endMs: nowMs, amounts: { requests: 30 } });
  });
});
