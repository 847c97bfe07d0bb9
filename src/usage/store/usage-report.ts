import type { ManagementDatabase } from '../../persistence/management-database.ts';
import { dayMs, hourMs } from '../sample.ts';
import { type RollupColumn, sums, widened } from './columns.ts';

export const groupings = ['controlplane', 'namespace', 'class'] as const;
export const granularities = ['hour', 'day', 'total'] as const;

export type Grouping = (typeof groupings)[number];
export type Granularity = (typeof granularities)[number];

/** Bounds lie on what is kept: hours, or days of UTC where hours are kept no more. */
export interface UsageQuestion {
  readonly from: Date;
  /** Exclusive. */
  readonly to: Date;
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  readonly groupBy: Grouping;
  readonly granularity: Granularity;
  readonly limit: number;
  /** The line after which to go on. */
  readonly after?: readonly string[] | undefined;
}

/** A sum with the share of the time that was measured; null: nothing was. */
export interface Measured {
  readonly value: number | null;
  /** 0 to 1. */
  readonly coverage: number;
}

export interface UsageLine {
  /** Names the line among those of a question. */
  readonly key: readonly string[];
  readonly start: Date;
  readonly end: Date;
  readonly namespace?: string;
  readonly name?: string;
  readonly uid?: string;
  readonly className?: string;
  readonly size?: string;
  readonly runningSeconds: number;
  readonly stoppedSeconds: number;
  readonly cpuSeconds: Measured;
  readonly memoryByteSeconds: Measured;
  readonly storageByteSeconds: Measured;
  readonly storageBytes: number | null;
  readonly apiRequests: Measured;
}

const columnsOf = {
  controlplane: ['namespace', 'name', 'uid', 'class', 'size'],
  namespace: ['namespace'],
  class: ['class', 'size'],
} as const satisfies Record<Grouping, readonly string[]>;

interface Row extends Readonly<Record<RollupColumn | 'storage_bytes', number | null>> {
  readonly bucket: Date;
  readonly namespace?: string;
  readonly name?: string;
  readonly uid?: string;
  readonly class?: string;
  readonly size?: string;
}

/** What control planes have used. Rejects with a `DatabaseError` `Unavailable` while there is no database. */
export class UsageReport {
  private readonly database: ManagementDatabase;

  constructor(database: ManagementDatabase) {
    this.database = database;
  }

  /** In the order of time, then of the names. */
  async lines(question: UsageQuestion): Promise<readonly UsageLine[]> {
    const { from, to, namespace, name, limit, after } = question;
    const [daysFrom, daysTo] = wholeDays(question);
    const parameters = [from, to, daysFrom, daysTo, namespace ?? null, name ?? null, limit, ...(after ?? [])];
    const rows: readonly Row[] = await this.database.use('report usage', (dataSource) =>
      dataSource.query(statementFor(question), parameters),
    );
    return rows.map((row) => toLine(row, question));
  }
}

/** What is read by the day; the rest of the time is read by the hour. */
function wholeDays({ from, to, granularity }: UsageQuestion): readonly [Date, Date] {
  if (granularity === 'hour') return [from, from];
  const first = Math.ceil(from.getTime() / dayMs) * dayMs;
  const end = Math.floor(to.getTime() / dayMs) * dayMs;
  return end > first ? [new Date(first), new Date(end)] : [from, from];
}

function statementFor({ groupBy, granularity, after }: UsageQuestion): string {
  const columns: readonly string[] = columnsOf[groupBy];
  const group = ['bucket', ...columns].join(', ');
  // A control plane's last size counts once for each line that it has a part in.
  const each = columns.includes('uid') ? group : `${group}, uid`;
  const bucket =
    granularity === 'total' ? '$1::timestamptz' : `date_trunc('${granularity}', started_at, 'UTC')`;
  const order = ['bucket', ...columns.map((column) => `${column}::text COLLATE "C"`)].join(', ');
  const since =
    after === undefined
      ? ''
      : `WHERE (${order}) > ($8::timestamptz, ${columns.map((_, index) => `$${index + 9}::text`).join(', ')})`;
  return `
    WITH part AS (
      SELECT uid, started_at, class, size, ${widened}
      FROM usage_sample WHERE started_at >= $1 AND started_at < $2
      UNION ALL
      SELECT uid, started_at, class, size, ${wide} FROM usage_rollup
      WHERE resolution = 'day' AND started_at >= $3 AND started_at < $4
      UNION ALL
      SELECT uid, started_at, class, size, ${wide} FROM usage_rollup
      WHERE resolution = 'hour' AND (started_at >= $1 AND started_at < $3 OR started_at >= $4 AND started_at < $2)
    ), of_each AS (
      SELECT ${each}, ${sums.map((column) => `sum(${column}) AS ${column}`).join(', ')},
        (array_agg(storage_bytes ORDER BY storage_at DESC) FILTER (WHERE storage_at IS NOT NULL))[1] AS storage_bytes
      FROM (
        SELECT part.*, namespace, name, ${bucket} AS bucket FROM part JOIN usage_subject USING (uid)
        WHERE ($5::text IS NULL OR namespace = $5) AND ($6::text IS NULL OR name = $6)
      ) named
      GROUP BY ${each}
    ), line AS (
      SELECT ${group}, ${totals} FROM of_each GROUP BY ${group}
    )
    SELECT * FROM line ${since} ORDER BY ${order} LIMIT $7`;
}

const wide = [...sums, 'storage_bytes', 'storage_at'].join(', ');
/** As doubles, which JavaScript has: exact up to 2^53. */
const totals = [...sums, 'storage_bytes']
  .map((column) => `sum(${column})::double precision AS ${column}`)
  .join(', ');

const lengthsMs = { hour: hourMs, day: dayMs } as const;

function toLine(row: Row, { groupBy, granularity, to }: UsageQuestion): UsageLine {
  const { bucket, namespace, name, uid, class: className, size } = row;
  const runningMs = row.running_ms ?? 0;
  const stoppedMs = row.stopped_ms ?? 0;
  const end = granularity === 'total' ? to : new Date(bucket.getTime() + lengthsMs[granularity]);
  const whileRunning = (value: number | null, coveredMs: number | null) =>
    measured(value, coveredMs, runningMs);
  return {
    key: [bucket.toISOString(), ...columnsOf[groupBy].map((column) => row[column] ?? '')],
    start: bucket,
    end,
    ...(namespace !== undefined && { namespace }),
    ...(name !== undefined && { name }),
    ...(uid !== undefined && { uid }),
    ...(className !== undefined && { className }),
    ...(size !== undefined && { size }),
    runningSeconds: runningMs / 1000,
    stoppedSeconds: stoppedMs / 1000,
    cpuSeconds: whileRunning(row.cpu_seconds, row.resources_ms),
    memoryByteSeconds: whileRunning(row.memory_byte_seconds, row.resources_ms),
    storageByteSeconds: measured(row.storage_byte_seconds, row.storage_ms, runningMs + stoppedMs),
    storageBytes: row.storage_bytes,
    apiRequests: whileRunning(row.requests, row.requests_ms),
  };
}

/** Where nothing was to be measured it is known to be nothing. */
function measured(value: number | null, coveredMs: number | null, expectedMs: number): Measured {
  if (expectedMs === 0) return { value: value ?? 0, coverage: 1 };
  return { value, coverage: Math.min(1, (coveredMs ?? 0) / expectedMs) };
}
