import { describe, expect, it } from '@jest/globals';
import { cautiousTime } from './cautious-time.ts';

const hourMs = 3_600_000;

describe('cautiousTime', () => {
  it('goes on with the clock', () => {
    const clock = handClock();
    const time = cautiousTime(clock);
    clock.pass(5000);
    expect(time()).toBe(clock.now().getTime());
  });

  it('takes no part in a jump forward, however often the clock is set', () => {
    const clock = handClock();
    const time = cautiousTime(clock);
    const before = time();
    clock.set(86_400_000);
    clock.pass(1000);
    clock.set(86_400_000);
    expect(time() - before).toBe(1000);
  });

  it('tells once of a clock that is ahead, and believes it when it stays so for a day', () => {
    const clock = handClock();
    const told: number[] = [];
    const time = cautiousTime(clock, (aheadMs) => told.push(aheadMs));
    clock.set(hourMs);
    expect(clock.now().getTime() - time()).toBe(hourMs);
    clock.pass(23 * hourMs);
    expect(clock.now().getTime() - time()).toBe(hourMs);
    clock.pass(hourMs);

    expect(time()).toBe(clock.now().getTime());
    expect(told).toEqual([hourMs]);
  });

  it('does not believe one that was ahead, was mended, and is ahead again', () => {
    const clock = handClock();
    const time = cautiousTime(clock);
    const before = time();
    for (const byMs of [hourMs, -hourMs, hourMs]) {
      clock.set(byMs);
      clock.pass(13 * hourMs);
      time();
    }
    expect(time() - before).toBe(39 * hourMs);
  });

  it('goes back with a clock that is set back', () => {
    const clock = handClock();
    const time = cautiousTime(clock);
    clock.set(-60_000);
    expect(time()).toBe(clock.now().getTime());
  });
});

function handClock() {
  let wallMs = Date.parse('2026-11-21T08:00:00Z');
  let monotonicMs = 7;
  return {
    now: () => new Date(wallMs),
    monotonicMs: () => monotonicMs,
    after: () => () => undefined,
    pass(ms: number) {
      wallMs += ms;
      monotonicMs += ms;
    },
    set(byMs: number) {
      wallMs += byMs;
    },
  };
}
