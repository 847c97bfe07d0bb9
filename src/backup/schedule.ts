import { Cron } from 'croner';

export interface Schedule {
  /** Five fields: minute, hour, day of the month, month, day of the week. */
  readonly cron: string;
  /** IANA name, e.g. `Europe/Berlin`. */
  readonly timeZone: string;
}

/**
 * The first time after `after`; undefined when there is none, as on 30 February. A time that a clock skips in spring comes when what is skipped ends, one
 * that comes twice in autumn counts once.
 * @throws Error that says what is wrong with the expression or the zone
 */
export function nextTime({ cron, timeZone }: Schedule, after: Date): Date | undefined {
  return new Cron(cron, { timezone: timeZone, mode: '5-part' }).nextRun(after) ?? undefined;
}

/** The last time that was due, at or before `now` and after `since`; undefined when none was. However many were missed, one is made up for. */
export function dueTime(schedule: Schedule, since: Date, now: Date): Date | undefined {
  const first = nextTime(schedule, since);
  if (!first || first > now) return undefined;
  const [last] = new Cron(schedule.cron, { timezone: schedule.timeZone, mode: '5-part' }).previousRuns(
    1,
    new Date(now.getTime() + 1000),
  );
  return last && last > since ? last : first;
}
