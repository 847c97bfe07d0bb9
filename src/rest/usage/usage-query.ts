import { z } from 'zod';
import type { Retention } from '../../usage/store/usage-rollup.ts';
import { granularities, groupings, type UsageQuestion } from '../../usage/store/usage-report.ts';
import { type FieldProblem, ProblemError } from '../problem/problem.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** Days that may be asked for at once. */
const longest = { hour: 7, day: 1100, total: 36_600 } as const;

const time = z.iso.datetime({ offset: true });

const shared = {
  from: time
    .optional()
    .describe(
      'Where it begins: a whole hour, or midnight (UTC). Default: the first of the month of `to`; by the hour seven days before `to` at most.',
    ),
  to: time
    .optional()
    .describe(
      'Where it ends, exclusive: a whole hour, or midnight (UTC). Default: the end of this hour or day.',
    ),
  granularity: z
    .enum(granularities)
    .default('total')
    .describe('One item an hour (7 days at most), a day of UTC, or for all of the time.'),
  limit: z.coerce.number().int().min(1).max(1000).default(100).describe('Items of one page at most.'),
  cursor: z.base64url().min(1).max(2048).optional().describe('Where the page begins: of the one before.'),
};
const groupBy = z.enum(groupings).describe('What an item is about.');

export const usageOfAllQuery = z.strictObject({
  ...shared,
  groupBy: groupBy.default('namespace'),
  namespace: z
    .string()
    .max(63)
    .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/)
    .optional()
    .describe('Of this one only.'),
});
export const usageOfNamespaceQuery = z.strictObject({ ...shared, groupBy: groupBy.default('controlplane') });
export const usageOfControlPlaneQuery = z.strictObject(shared);

export type UsageQuery = z.output<typeof usageOfAllQuery>;

const cursorKey = z.tuple([time]).rest(
  z
    .string()
    .max(253)
    .regex(/^[\x20-\x7e]*$/),
);
/** Members of a cursor: the time and what the items are grouped by. */
const keyLength = { controlplane: 6, namespace: 2, class: 3 } as const;

/** @throws ProblemError that names every parameter which asks for what is not kept */
export function toQuestion(query: UsageQuery, retention: Retention, now: Date): UsageQuestion {
  const { granularity, groupBy, namespace, limit, cursor } = query;
  const unit = granularity === 'day' ? dayMs : hourMs;
  const to = query.to === undefined ? new Date(endOf(now, unit)) : new Date(query.to);
  const from = query.from === undefined ? defaultFrom(to, granularity) : new Date(query.from);
  const after = cursor === undefined ? undefined : readCursor(cursor, keyLength[groupBy]);
  const errors = [
    ...boundProblems('from', from, unit, { retention, now }),
    ...boundProblems('to', to, unit, { retention, now }),
    ...rangeProblems(from, to, granularity, { retention, now }),
    ...(cursor !== undefined && !after ? [{ parameter: 'cursor', detail: 'is not one of this list' }] : []),
  ];
  if (errors.length > 0)
    throw new ProblemError('InvalidRequest', 'There is no usage of such a time.', { errors });
  return { from, to, namespace, groupBy, granularity, limit, after };
}

export function toCursor(key: readonly string[]): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url');
}

interface Kept {
  readonly retention: Retention;
  readonly now: Date;
}

function boundProblems(
  parameter: string,
  bound: Date,
  unit: number,
  { retention, now }: Kept,
): FieldProblem[] {
  const { hourlyDays } = retention;
  const ms = bound.getTime();
  if (unit === dayMs && ms % dayMs !== 0) return [{ parameter, detail: 'has to be midnight (UTC) for days' }];
  if (ms % hourMs !== 0) return [{ parameter, detail: 'has to be a whole hour' }];
  if (ms % dayMs === 0 || ms >= hoursSince(retention, now)) return [];
  return [
    {
      parameter,
      detail: `has to be midnight (UTC): what is older than ${hourlyDays} days is kept by the day`,
    },
  ];
}

function rangeProblems(
  from: Date,
  to: Date,
  granularity: UsageQuestion['granularity'],
  { retention, now }: Kept,
): FieldProblem[] {
  const days = longest[granularity];
  if (from >= to) return [{ parameter: 'to', detail: 'has to be later than `from`' }];
  if (to.getTime() - from.getTime() > days * dayMs)
    return [{ parameter: 'from', detail: `has to be ${days} days before \`to\` at most` }];
  if (from.getTime() < startOfDay(now.getTime() - retention.days * dayMs))
    return [{ parameter: 'from', detail: `lies too far back: usage is kept for ${retention.days} days` }];
  if (granularity === 'hour' && from.getTime() < hoursSince(retention, now))
    return [
      { parameter: 'from', detail: `lies too far back: hours are kept for ${retention.hourlyDays} days` },
    ];
  return [];
}

/** A day later than the last that is taken out: clocks differ. */
function hoursSince({ hourlyDays }: Retention, now: Date): number {
  return startOfDay(now.getTime() - hourlyDays * dayMs) + dayMs;
}

function readCursor(cursor: string, length: number): readonly string[] | undefined {
  try {
    const { data } = cursorKey.safeParse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')));
    return data?.length === length ? data : undefined;
  } catch {
    return undefined;
  }
}

/** The month that ends with `to`, or so much of it as may be asked for at once. */
function defaultFrom(to: Date, granularity: UsageQuestion['granularity']): Date {
  const last = new Date(to.getTime() - 1);
  const month = Date.UTC(last.getUTCFullYear(), last.getUTCMonth());
  return new Date(Math.max(month, to.getTime() - longest[granularity] * dayMs));
}

function startOfDay(ms: number): number {
  return Math.floor(ms / dayMs) * dayMs;
}

function endOf(now: Date, unit: number): number {
  return (Math.floor(now.getTime() / unit) + 1) * unit;
}
