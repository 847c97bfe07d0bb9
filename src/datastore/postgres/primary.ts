import type { Client, ClientBase, QueryResultRow } from 'pg';
import type { Failpoints } from '../../engine/failpoints.ts';
import type { PostgresConnection } from '../driver.ts';
import { connectClient, writeTimeoutMs } from './connect.ts';
import { wrapError } from './errors.ts';

/** A change of the store: one statement, which is a transaction of its own. */
export interface Write {
  /** What is done, e.g. `create role`, for errors and as the failpoint `postgres/create-role`. */
  readonly verb: string;
  /** To what, for errors. */
  readonly subject: string;
  /** Identifiers in it are quoted by `quote`. */
  readonly sql: (quote: (identifier: string) => string) => string;
  /** Where; default: the administrative database. */
  readonly database?: string;
}

export interface Read {
  /** For errors. */
  readonly operation: string;
  readonly sql: string;
  readonly values?: readonly unknown[];
  /** Where; default: the administrative database. */
  readonly database?: string;
}

/**
 * A store's primary, for one piece of work; see `PostgresSession.onPrimary`. All that fails is a DataStoreError, but what a fence
 * throws. The administrative connection is the caller's; those to other databases are opened when they are needed and closed with this.
 */
export class Primary implements AsyncDisposable {
  readonly endpoint: string;
  readonly #connection: PostgresConnection;
  readonly #client: ClientBase;
  readonly #failpoints: Failpoints;
  readonly #inside = new Map<string, Client>();

  constructor(
    client: ClientBase,
    { endpoint, connection, failpoints }: Pick<Primary, 'endpoint'> & PrimaryOptions,
  ) {
    this.endpoint = endpoint;
    this.#connection = connection;
    this.#client = client;
    this.#failpoints = failpoints;
  }

  async read<Row extends QueryResultRow>(read: Read): Promise<readonly Row[]> {
    return await query<Row>(await this.#connect(read.operation, read.database), read);
  }

  /** `fence` is called right before the statement is sent; what it throws is passed on as it is. */
  async write({ verb, subject, sql, database }: Write, fence?: () => void): Promise<void> {
    const operation = `${verb} ${subject}`;
    await this.#failpoints.around(`postgres/${verb.replaceAll(' ', '-')}`, async () => {
      const client = await this.#connect(operation, database);
      const text = sql((identifier) => client.escapeIdentifier(identifier));
      fence?.();
      // An option of a single query as well, but not one that the types know.
      const config = { text, query_timeout: writeTimeoutMs };
      await wrapError(operation, () => client.query(config));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Some may be lost already.
    await Promise.allSettled([...this.#inside.values()].map((client) => client.end()));
  }

  async #connect(operation: string, database: string | undefined): Promise<ClientBase> {
    if (database === undefined) return this.#client;
    const known = this.#inside.get(database);
    if (known) return known;
    const client = await wrapError(operation, () =>
      connectClient(this.#connection, this.#connection, { endpoint: this.endpoint, database }),
    );
    this.#inside.set(database, client);
    return client;
  }
}

export interface PrimaryOptions {
  readonly connection: PostgresConnection;
  readonly failpoints: Failpoints;
}

/** Rows of one statement. @throws DataStoreError */
export async function query<Row extends QueryResultRow>(
  client: ClientBase,
  { operation, sql, values = [] }: Read,
): Promise<readonly Row[]> {
  const { rows } = await wrapError(operation, () => client.query<Row>(sql, [...values]));
  return rows;
}
