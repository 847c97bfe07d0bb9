import { describe, expect, it } from '@jest/globals';
import { dueTime, nextTime } from './schedule.ts';

const nightly = { cron: '30 2 * * *', timeZone: 'Europe/Berlin' };

describe('a schedule', () => {
  it('is in its time zone, summer and winter', () => {
    expect(nextTime(nightly, new Date('2026-07-01T12:00:00Z'))).toEqual(new Date('2026-07-02T00:30:00Z'));
    expect(nextTime(nightly, new Date('2026-11-21T12:00:00Z'))).toEqual(new Date('2026-11-22T01:30:00Z'));
  });

  it('comes when the hour ends that a clock skips, and counts one that comes twice once', () => {
    expect(nextTime(nightly, new Date('2026-03-28T12:00:00Z'))).toEqual(new Date('2026-03-29T01:00:00Z'));
    const autumn = nextTime(nightly, new Date('2026-10-24T12:00:00Z')) as Date;
    expect(autumn.toISOString().slice(0, 10)).toBe('2026-10-25');
    expect(nextTime(nightly, autumn)).toEqual(new Date('2026-10-26T01:30:00Z'));
  });

  it('is due when its time has come, once however often it was missed', () => {
    const since = new Date('2026-11-18T12:00:00Z');
    expect(dueTime(nightly, since, new Date('2026-11-18T13:00:00Z'))).toBeUndefined();
    expect(dueTime(nightly, since, new Date('2026-11-19T01:30:00Z'))).toEqual(
      new Date('2026-11-19T01:30:00Z'),
    );
    expect(dueTime(nightly, since, new Date('2026-11-21T08:00:00Z'))).toEqual(
      new Date('2026-11-21T01:30:00Z'),
    );
    const done = new Date('2026-11-21T01:30:00Z');
    expect(dueTime(nightly, done, new Date('2026-11-21T08:00:00Z'))).toBeUndefined();
  });

  it.each([
    ['61 * * * *', 'Etc/UTC'],
    ['* * * *', 'Etc/UTC'],
    ['0 0 * * * *', 'Etc/UTC'],
    ['tomorrow', 'Etc/UTC'],
    ['0 3 * * *', 'Mars/Olympus'],
  ])('%s in %s is refused', (cron, timeZone) => {
    expect(() => nextTime({ cron, timeZone }, new Date('2026-11-21T08:00:00Z'))).toThrow();
  });

  it('may have no time at all', () => {
    expect(
      nextTime({ cron: '0 0 30 2 *', timeZone: 'Etc/UTC' }, new Date('2026-11-21T08:00:00Z')),
    ).toBeUndefined();
  });
});
