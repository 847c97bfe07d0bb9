import type { EntityManager } from 'typeorm';
import type { ManagementDatabase } from '../../persistence/management-database.ts';
import { dayMs } from '../sample.ts';
import { sums, widened } from './columns.ts';

/** Days of UTC. */
export interface Retention {
  /** For which hours can be told apart. */
  readonly hourlyDays: number;
  /** For which anything is kept. */
  readonly days: number;
}

/** As src/config has it. */
export const defaultRetention: Retention = { hourlyDays: 90, days: 1100 };

/** Whoever holds it rolls up; the number is chance. */
const rollupLock = 7_303_018_519;

/** Adds samples to their hours and days, and takes out what is too old. Rejects with a `DatabaseError` `Unavailable` while there is no database. */
export class UsageRollup {
  private readonly database: ManagementDatabase;
  private readonly retention: Retention;

  constructor(database: ManagementDatabase, retention: Retention) {
    this.database = database;
    this.retention = retention;
  }

  /** The samples of one hour, in one transaction: true when there may be more to do. Leaves it to somebody else who is at it. */
  async step(now: Date): Promise<boolean> {
    return await this.database.use('roll usage up', (dataSource) =>
      dataSource.transaction('READ COMMITTED', async (manager) => {
        const [lock]: readonly { readonly held: boolean }[] = await manager.query(
          'SELECT pg_try_advisory_xact_lock($1) AS held',
          [rollupLock],
        );
        if (!lock?.held) return false;
        if (await fold(manager)) return true;
        await this.forget(manager, now);
        return false;
      }),
    );
  }

  private async forget(manager: EntityManager, now: Date): Promise<void> {
    const [hoursSince, daysSince] = [this.retention.hourlyDays, this.retention.days].map((days) =>
      startOfDay(now.getTime() - days * dayMs),
    );
    await manager.query("DELETE FROM usage_rollup WHERE resolution = 'hour' AND started_at < $1", [
      hoursSince,
    ]);
    await manager.query("DELETE FROM usage_rollup WHERE resolution = 'day' AND started_at < $1", [daysSince]);
    // With all that is left of them.
    await manager.query('DELETE FROM usage_subject WHERE deleted_at < $1', [daysSince]);
  }
}

const folded = [...sums, 'storage_bytes', 'storage_at'];
const last = 'FILTER (WHERE storage_at IS NOT NULL)';

/** What an hour and its day have anew; both have the same sums, whenever a sample comes. */
const foldStatement = `
  WITH moved AS (
    DELETE FROM usage_sample WHERE started_at >= $1 AND started_at < $1::timestamptz + interval '1 hour' RETURNING *
  ), wide AS (
    SELECT uid, class, size, ${widened} FROM moved
  ), hour AS (
    SELECT uid, class, size, ${sums.map((column) => `sum(${column}) AS ${column}`).join(', ')},
      (array_agg(storage_bytes ORDER BY storage_at DESC) ${last})[1] AS storage_bytes, max(storage_at) AS storage_at
    FROM wide GROUP BY uid, class, size
  )
  INSERT INTO usage_rollup (resolution, started_at, uid, class, size, ${folded.join(', ')})
  SELECT resolution, date_trunc(resolution, $1::timestamptz, 'UTC'), uid, class, size, ${folded.join(', ')}
  FROM hour CROSS JOIN (VALUES ('hour'), ('day')) AS resolutions (resolution)
  ON CONFLICT (resolution, started_at, uid, class, size) DO UPDATE SET
    ${sums.map((column) => `${column} = ${added(column)}`).join(',\n    ')},
    storage_bytes = CASE WHEN usage_rollup.storage_at > excluded.storage_at THEN usage_rollup.storage_bytes
      ELSE coalesce(excluded.storage_bytes, usage_rollup.storage_bytes) END,
    storage_at = greatest(usage_rollup.storage_at, excluded.storage_at)`;

/** False when there is nothing to fold. */
async function fold(manager: EntityManager): Promise<boolean> {
  const [oldest]: readonly { readonly hour: Date | null }[] = await manager.query(
    "SELECT date_trunc('hour', min(started_at), 'UTC') AS hour FROM usage_sample",
  );
  if (!oldest?.hour) return false;
  await manager.query(foldStatement, [oldest.hour]);
  return true;
}

/** Null is not known, and with something known it is that. */
function added(column: string): string {
  return `CASE WHEN usage_rollup.${column} IS NULL THEN excluded.${column} ELSE usage_rollup.${column} + coalesce(excluded.${column}, 0) END`;
}

function startOfDay(ms: number): Date {
  return new Date(Math.floor(ms / dayMs) * dayMs);
}
