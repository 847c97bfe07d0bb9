import type { ClientBase } from 'pg';
import type { DataStoreHealth, EndpointHealth, PostgresConnection } from '../driver.ts';
import { DataStoreError } from '../errors.ts';
import { administrativeDatabase, connectClient } from './connect.ts';
import { wrapError } from './errors.ts';
import { connectionsPerTenant } from './kine.ts';
import { query } from './primary.ts';
import type { Primary } from './primary.ts';

/** What a server says of itself. */
export interface ServerFacts {
  /** `server_version_num`, e.g. 180004. */
  readonly versionNumber: number;
  /** e.g. `18.4`. */
  readonly version: string;
  readonly standby: boolean;
  /** Takes no writes; so does every standby. */
  readonly readOnly: boolean;
  readonly superuser: boolean;
  readonly connections: number;
  /** Connections that are for anybody: `max_connections` without those that are reserved. */
  readonly connectionLimit: number;
  readonly sizeBytes: number;
  /** Whether a commit is on disk when it is acknowledged. */
  readonly synchronousCommit: boolean;
  /** Numbers of pg_hba.conf lines by which one who is elsewhere comes in and says who he is, without proof. */
  readonly trustingLines: readonly number[];
}

export const oldestVersion = 14;

/** Share of connections in use from which no more tenants should come. */
const crowded = 0.9;

interface Answer {
  readonly health: EndpointHealth;
  readonly facts?: ServerFacts;
  readonly latencyMs?: number;
  readonly storeId?: string;
}

/** Asks servers one by one, each by a connection of its own: that one can be had is what is asked first. */
export async function checkPostgresHealth(connection: PostgresConnection): Promise<DataStoreHealth> {
  const asked = connection.endpoints.map((endpoint) => ask(connection, endpoint));
  return summarize(await Promise.all(asked));
}

async function ask(connection: PostgresConnection, endpoint: string): Promise<Answer> {
  try {
    const target = { endpoint, database: administrativeDatabase };
    const client = await wrapError('connect', () => connectClient(connection, connection, target));
    try {
      const latencyMs = await timeRead(client);
      const facts = await readFacts({ read: (read) => query(client, read) });
      const storeId = facts.superuser ? await readStoreId(client) : undefined;
      const message = findFault(facts) ?? (await findFullDisk(client));
      const standby = facts.standby && { standby: true as const };
      return {
        health: { endpoint, healthy: !message, ...standby, ...(message && { message }) },
        facts,
        latencyMs,
        storeId,
      };
    } finally {
      await client.end().catch(() => undefined);
    }
  } catch (error) {
    const message = error instanceof DataStoreError ? `${error.code}: ${error.message}` : String(error);
    return { health: { endpoint, healthy: false, message } };
  }
}

async function timeRead(client: ClientBase): Promise<number> {
  const started = performance.now();
  await query(client, { operation: 'read', sql: 'SELECT pg_is_in_recovery()' });
  return performance.now() - started;
}

/** Made with the server's data and the same on all copies of them, so a standby that takes over is the same store. */
async function readStoreId(client: ClientBase): Promise<string | undefined> {
  const [row] = await query<{ readonly id: string }>(client, {
    operation: 'read system identifier',
    sql: 'SELECT system_identifier::text AS id FROM pg_control_system()',
  });
  return row?.id;
}

/**
 * A server whose disk is full still reads well. To sort out of memory leaves nothing behind: no row, no write-ahead log, and no file after
 * the statement.
 */
async function findFullDisk(client: ClientBase): Promise<string | undefined> {
  try {
    const settings =
      "SELECT set_config('work_mem', '64kB', false), set_config('temp_tablespaces', '', false)";
    await query(client, { operation: 'prepare a temporary file', sql: settings });
    const spill = 'SELECT count(*) FROM generate_series(1, 20000)';
    await query(client, { operation: 'write a temporary file', sql: spill });
    return undefined;
  } catch (error) {
    if (!(error instanceof DataStoreError) || error.code !== 'NoSpace') throw error;
    return `${error.code}: ${error.message}`;
  }
}

/** @throws DataStoreError */
export async function readFacts(server: Pick<Primary, 'read'>): Promise<ServerFacts> {
  const [row] = await server.read<Omit<ServerFacts, 'trustingLines'>>({
    operation: 'read status',
    sql: factsSql,
  });
  if (!row) throw new Error('a SELECT without FROM has one row');
  if (!row.superuser) return { ...row, trustingLines: [] };
  const lines = await server.read<{ readonly line: number }>({
    operation: 'read pg_hba.conf',
    sql: trustingSql,
  });
  return { ...row, trustingLines: lines.map(({ line }) => line) };
}

const factsSql = `
  SELECT
    current_setting('server_version_num')::int AS "versionNumber",
    split_part(current_setting('server_version'), ' ', 1) AS version,
    pg_is_in_recovery() AS standby,
    current_setting('transaction_read_only') = 'on' AS "readOnly",
    (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS superuser,
    (SELECT count(*)::int FROM pg_stat_activity WHERE backend_type = 'client backend') AS connections,
    current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
      - coalesce(current_setting('reserved_connections', true), '0')::int AS "connectionLimit",
    (SELECT sum(pg_database_size(oid))::float8 FROM pg_database) AS "sizeBytes",
    current_setting('synchronous_commit') <> 'off' AS "synchronousCommit"`;

/** Who is on the machine itself, or in its pod, is not kept from anything. */
const trustingSql = `
  SELECT line_number AS line FROM pg_hba_file_rules
  WHERE type <> 'local' AND auth_method = 'trust' AND address NOT IN ('127.0.0.1', '::1')
  ORDER BY 1`;

/** What is wrong with a server that answers, and what to do about it. */
export function findFault(facts: ServerFacts): string | undefined {
  const wall = findOpenWall(facts);
  if (wall) return wall;
  const { standby, readOnly, connections, connectionLimit, synchronousCommit } = facts;
  if (readOnly && !standby) {
    return 'read-only, and no standby: set default_transaction_read_only = off, or promote another server';
  }
  if (!synchronousCommit) {
    return "a crash would lose acknowledged writes, and tenants' revisions would go backwards: set synchronous_commit = on";
  }
  if (connections < crowded * connectionLimit) return undefined;
  return `nearly all of ${connectionLimit} connections are in use: raise max_connections, or move tenants to another store`;
}

/** Why no tenant would be kept from others there, whatever Marina grants and revokes. */
export function findOpenWall({
  versionNumber,
  version,
  superuser,
  trustingLines,
}: ServerFacts): string | undefined {
  if (versionNumber < oldestVersion * 10_000) {
    return `Postgres ${version} is too old: upgrade to ${oldestVersion} or later`;
  }
  if (!superuser)
    return "Marina's role is no superuser, and cannot close what is open to all: ALTER ROLE … SUPERUSER";
  if (trustingLines.length === 0) return undefined;
  return `pg_hba.conf lets anybody in as anybody (\`trust\` in line ${trustingLines.join(', ')}): use \`cert\` there`;
}

function summarize(answers: readonly Answer[]): DataStoreHealth {
  const endpoints = answers.map((answer) => answer.health);
  const primary = answers.find((answer) => answer.facts?.standby === false);
  if (!primary?.facts) return { healthy: false, endpoints: endpoints.map(explainStandby) };
  const { facts, latencyMs, health, storeId } = primary;
  return {
    healthy: health.healthy,
    latencyMs,
    version: facts.version,
    ...(storeId !== undefined && { storeId }),
    sizeBytes: facts.sizeBytes,
    connections: {
      used: facts.connections,
      limit: facts.connectionLimit,
      perTenant: connectionsPerTenant,
    },
    endpoints,
  };
}

/** A standby is well as long as there is somebody that it stands by. */
function explainStandby(health: EndpointHealth): EndpointHealth {
  if (!health.standby || health.message) return health;
  const message = 'read-only, and no primary answers: promote it, or bring the primary back';
  return { ...health, healthy: false, message };
}
