import { describe, expect, it } from '@jest/globals';
import { ProblemError } from '../problem/problem.ts';
import { toCursor, toQuestion, type UsageQuery } from './usage-query.ts';

const now = new Date('2026-11-21T10:20:30Z');
const retention = { hourlyDays: 10, days: 100 };
const question = (query: Partial<UsageQuery> = {}) =>
  toQuestion({ granularity: 'total', groupBy: 'namespace', limit: 100, ...query }, retention, now);

describe('a question for usage', () => {
  it('is for this month so far when it says nothing else', () => {
    // The month began before hours are kept, at midnight.
    expect(question()).toMatchObject({
      from: new Date('2026-11-01T00:00:00Z'),
      to: new Date('2026-11-21T11:00:00Z'),
    });
    expect(question({ granularity: 'day' }).to).toEqual(new Date('2026-11-22T00:00:00Z'));
  });

  it('is for the last seven days by the hour when it says nothing else', () => {
    expect(question({ granularity: 'hour' }).from).toEqual(new Date('2026-11-14T11:00:00Z'));
  });

  it('is for the month that ends where it says', () => {
    const { from } = question({ granularity: 'day', to: '2026-11-01T00:00:00Z' });
    expect(from).toEqual(new Date('2026-10-01T00:00:00Z'));
  });

  it('takes times with an offset', () => {
    expect(question({ from: '2026-11-20T02:00:00+02:00' }).from).toEqual(new Date('2026-11-20T00:00:00Z'));
  });

  it.each<[string, Partial<UsageQuery>, string]>([
    ['no whole hour', { from: '2026-11-20T00:30:00Z' }, 'from'],
    ['an offset of half an hour', { from: '2026-11-20T00:00:00+05:30' }, 'from'],
    [
      'no midnight for days',
      { from: '2026-11-20T01:00:00Z', granularity: 'day', to: '2026-11-21T00:00:00Z' },
      'from',
    ],
    ['an hour of a day that is kept whole', { from: '2026-11-03T01:00:00Z' }, 'from'],
    ['an end before its beginning', { from: '2026-11-20T00:00:00Z', to: '2026-11-19T00:00:00Z' }, 'to'],
    ['what is not kept any more', { from: '2026-07-01T00:00:00Z' }, 'from'],
    ['hours of days', { from: '2026-11-10T00:00:00Z', granularity: 'hour' }, 'from'],
    [
      'too many hours',
      { from: '2026-11-20T00:00:00Z', to: '2027-11-21T00:00:00Z', granularity: 'hour' },
      'from',
    ],
    ['a cursor of another list', { cursor: toCursor(['2026-11-01T00:00:00Z', 'a', 'b']) }, 'cursor'],
    ['a cursor that is none', { cursor: 'bm9wZQ' }, 'cursor'],
    ['a cursor with what no name has', { cursor: toCursor(['2026-11-01T00:00:00Z', '\u0000']) }, 'cursor'],
  ])('that has %s is told where', (_, query, parameter) => {
    const asked = () => question(query);

    expect(asked).toThrow(ProblemError);
    expect(asked).toThrow(expect.objectContaining({ errors: [expect.objectContaining({ parameter })] }));
  });

  it('goes on where the page before ended', () => {
    const key = ['2026-11-01T00:00:00.000Z', 'team-a'];

    expect(question({ cursor: toCursor(key) }).after).toEqual(key);
  });
});
