import { setTimeout as delay } from 'node:timers/promises';
import type { ClientBase, Pool, PoolClient } from 'pg';
import { type Failpoints, noFailpoints } from '../../engine/failpoints.ts';
import type { PostgresConnection } from '../driver.ts';
import { DataStoreError } from '../errors.ts';
import { administrativeDatabase, openPool } from './connect.ts';
import { isTransient, toDataStoreError, wrapError } from './errors.ts';
import { Primary, query } from './primary.ts';

export interface SessionOptions {
  /** How often something is tried, each time on the next server; default: twice each server and at least 4 times. */
  readonly attempts?: number;
  readonly failpoints?: Failpoints;
}

/** Connections that Marina holds to a store at most, not counting those that a partition is looked at through: as many again. */
const poolSize = 3;

/**
 * Finds the primary among a store's servers and goes there until it fails; what failed is tried again from its beginning, on the next
 * server, so it must be safe to repeat. Connections are opened on first use, and few: they are what a Postgres has least of.
 */
export class PostgresSession {
  readonly #connection: PostgresConnection;
  readonly #attempts: number;
  readonly #failpoints: Failpoints;
  readonly #pools = new Map<string, Promise<Pool>>();
  #current = 0;
  #closed = false;

  constructor(connection: PostgresConnection, options: SessionOptions = {}) {
    this.#connection = connection;
    this.#attempts = options.attempts ?? Math.max(4, 2 * connection.endpoints.length);
    this.#failpoints = options.failpoints ?? noFailpoints;
  }

  /** @throws DataStoreError; what `work` throws of another kind is passed on as it is and not tried again */
  async onPrimary<T>(operation: string, work: (primary: Primary) => Promise<T>): Promise<T> {
    const { endpoints } = this.#connection;
    const failures = new Map<string, DataStoreError>();
    for (let attempt = 1; ; attempt += 1) {
      const current = this.#current;
      const endpoint = endpoints[current] ?? '';
      try {
        return await this.#attempt(endpoint, operation, work);
      } catch (error) {
        if (!(error instanceof DataStoreError) || !isTransient(error)) throw error;
        failures.set(endpoint, error);
        if (attempt >= this.#attempts) throw summarize(operation, endpoints, failures);
        // Calls that failed side by side move on by one server together.
        if (this.#current === current) this.#current = (current + 1) % endpoints.length;
      }
      await delay(Math.min(500, 10 * 2 ** attempt));
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    const pools = await Promise.allSettled(this.#pools.values());
    this.#pools.clear();
    const opened = pools.flatMap((pool) => (pool.status === 'fulfilled' ? [pool.value] : []));
    await Promise.all(opened.map((pool) => pool.end()));
  }

  async #attempt<T>(endpoint: string, operation: string, work: (primary: Primary) => Promise<T>): Promise<T> {
    const client = await wrapError(operation, () => this.#checkOut(endpoint));
    let done = false;
    try {
      await requirePrimary(client, operation);
      await using primary = new Primary(client, {
        endpoint,
        connection: this.#connection,
        failpoints: this.#failpoints,
      });
      const result = await work(primary);
      done = true;
      return result;
    } finally {
      // With a connection that something failed on go the locks that it holds.
      client.release(!done);
    }
  }

  async #checkOut(endpoint: string): Promise<PoolClient> {
    if (this.#closed) throw new Error('the connection to this store was closed');
    const target = { endpoint, database: administrativeDatabase };
    const pool = this.#pools.get(endpoint) ?? openPool(this.#connection, this.#connection, target, poolSize);
    this.#pools.set(endpoint, pool);
    try {
      return await (await pool).connect();
    } catch (error) {
      // A credential that cannot be read leaves no pool, and would be remembered as a failure.
      pool.catch(() => this.#pools.delete(endpoint));
      throw error;
    }
  }
}

/** A standby takes reads, and would answer with what was true a moment ago. */
async function requirePrimary(client: ClientBase, operation: string): Promise<void> {
  const [row] = await query<{ readonly transaction_read_only: string }>(client, {
    operation,
    sql: 'SHOW transaction_read_only',
  });
  if (row?.transaction_read_only !== 'on') return;
  const cause = Object.assign(new Error('this server is read-only'), { code: '25006' });
  throw toDataStoreError(`postgres: ${operation}`, cause);
}

/** What each of several servers said last: the same each time as long as nothing changes. */
function summarize(
  operation: string,
  endpoints: readonly string[],
  failures: ReadonlyMap<string, DataStoreError>,
): DataStoreError {
  const told = endpoints.flatMap((endpoint) => {
    const failure = failures.get(endpoint);
    return failure ? [{ endpoint, failure }] : [];
  });
  const [first, ...others] = told;
  if (first && others.length === 0) return first.failure;
  const said = told.map(
    ({ endpoint, failure }) => `${endpoint} (${failure.message.slice(failure.operation.length + 2)})`,
  );
  const message = `no server could do it: ${said.join(', ')}`;
  return new DataStoreError('Unreachable', `postgres: ${operation}`, message, { cause: first?.failure });
}
