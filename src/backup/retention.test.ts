import { describe, expect, it } from '@jest/globals';
import { expired } from './retention.ts';

const now = new Date('2026-11-21T08:00:00Z');

function daysAgo(...days: number[]) {
  return days.map((day) => ({ completedAt: new Date(now.getTime() - day * 86_400_000).toISOString() }));
}

describe('retention', () => {
  it('keeps so many, and lets the oldest go', () => {
    const archives = daysAgo(3, 1, 2, 4);
    expect(expired(archives, { count: 2 }, now)).toEqual(daysAgo(4, 3));
  });

  it('lets go what is older than so many days', () => {
    expect(expired(daysAgo(0, 6, 8), { count: 100, days: 7 }, now)).toEqual(daysAgo(8));
  });

  it('never lets the newest go', () => {
    expect(expired(daysAgo(400), { count: 1, days: 7 }, now)).toEqual([]);
    expect(expired(daysAgo(400, 401), { count: 5, days: 7 }, now)).toEqual(daysAgo(401));
  });

  it('keeps everything that there is room for', () => {
    expect(expired(daysAgo(1, 2), { count: 2 }, now)).toEqual([]);
    expect(expired([], { count: 1 }, now)).toEqual([]);
  });
});
