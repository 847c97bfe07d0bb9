import type { Client } from 'pg';
import { migrations } from '../../migrations/index.ts';
import type { Migration } from '../../migrations/migration.ts';
import type { Endpoint } from './connection.ts';
import { DatabaseError, isDatabaseError } from './errors.ts';
import { type AppliedMigration, checksumOf, planMigrations } from './plan-migrations.ts';

/** Whoever holds it migrates (`pg_advisory_lock`); the number is chance. */
const migrationLock = 7_303_018_442;

/** Milliseconds for which another migrator is waited for. */
const lockTimeoutMs = 120_000;
const connectTimeoutMs = 5_000;
/** Milliseconds until a server that says nothing to a statement is given up. */
const queryTimeoutMs = 600_000;

export interface MigrateOptions {
  /** Default: all of this build. */
  readonly known?: readonly Migration[];
  /** Gives up what is under way. */
  readonly signal?: AbortSignal;
}

/**
 * Brings the schema to what this build wants, one transaction a migration. It may run in several processes at once: one does it, and the
 * others find it done. Needs a session of its own: no pooler in transaction mode may be in between.
 * @returns the names of those that were run
 * @throws DatabaseError `Unavailable`, `Mismatch`
 */
export async function migrate(
  endpoint: Endpoint,
  { known = migrations, signal }: MigrateOptions = {},
): Promise<readonly string[]> {
  const { default: pg } = await import('pg');
  const client = new pg.Client({
    ...endpoint,
    ssl: endpoint.ssl && { ...endpoint.ssl },
    application_name: 'marina-migrate',
    connectionTimeoutMillis: connectTimeoutMs,
    lock_timeout: lockTimeoutMs,
    query_timeout: queryTimeoutMs,
    keepAlive: true,
  });
  // Without a listener the loss of the connection would end the process; the call that is under way fails anyway.
  client.on('error', () => undefined);
  const giveUp = () => void client.end().catch(() => undefined);
  signal?.addEventListener('abort', giveUp, { once: true });
  try {
    await client.connect();
    // It is the session's, and so goes with it, whatever happens.
    await client.query('SELECT pg_advisory_lock($1)', [migrationLock]);
    return await run(client, known);
  } catch (error: unknown) {
    if (isDatabaseError(error)) throw error;
    throw new DatabaseError('Unavailable', 'migrate the management database', messageOf(error), {
      cause: error,
    });
  } finally {
    signal?.removeEventListener('abort', giveUp);
    await client.end().catch(() => undefined);
  }
}

async function run(client: Client, known: readonly Migration[]): Promise<readonly string[]> {
  await client.query(
    'CREATE TABLE IF NOT EXISTS migration (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())',
  );
  const { rows } = await client.query<AppliedMigration>('SELECT name, checksum FROM migration ORDER BY name');
  const pending = planMigrations(known, rows);
  for (const migration of pending) await runOne(client, migration);
  return pending.map(({ name }) => name);
}

async function runOne(client: Client, migration: Migration): Promise<void> {
  await client.query('BEGIN');
  try {
    for (const statement of migration.statements) await client.query(statement);
    const row = [migration.name, checksumOf(migration)];
    await client.query('INSERT INTO migration (name, checksum) VALUES ($1, $2)', row);
    await client.query('COMMIT');
  } catch (error: unknown) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw new DatabaseError('Unavailable', `run migration ${migration.name}`, messageOf(error), {
      cause: error,
    });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
