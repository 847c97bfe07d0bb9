import { randomBytes } from 'node:crypto';
import type { Client, QueryResultRow } from 'pg';
import type { Failpoints } from '../../engine/failpoints.ts';
import { generateKeyPair, newSerialNumber } from '../../pki/keys.ts';
import { validityFrom } from '../../pki/validity.ts';
import { issueStoreAccess } from '../access.ts';
import type { PostgresConnection } from '../driver.ts';
import { type ClientCredential, connectClient, writeTimeoutMs } from './connect.ts';
import { wrapError } from './errors.ts';
import { query } from './primary.ts';

const lifetimeMs = 5 * 60 * 1000;

export interface TenantDatabaseOptions {
  readonly connection: PostgresConnection;
  /** Of the primary. */
  readonly endpoint: string;
  /** Of the partition: its role and its database. */
  readonly name: string;
  readonly failpoints: Failpoints;
}

/**
 * A partition, by a connection of its tenant's that is nobody else's: who owns a table can have the server run functions for whoever uses
 * it, and these must find no other rights than their owner's. All that fails is a DataStoreError, but what a fence throws.
 */
export class TenantDatabase implements AsyncDisposable {
  readonly #client: Client;
  readonly #failpoints: Failpoints;

  private constructor(client: Client, failpoints: Failpoints) {
    this.#client = client;
    this.#failpoints = failpoints;
  }

  static async connect(options: TenantDatabaseOptions): Promise<TenantDatabase> {
    const { connection, endpoint, name, failpoints } = options;
    const client = await wrapError(`connect to ${name}`, async () =>
      connectClient(connection, await tenantCredential(connection, name), {
        endpoint,
        database: name,
        timeoutMs: writeTimeoutMs,
      }),
    );
    return new TenantDatabase(client, failpoints);
  }

  async read<Row extends QueryResultRow>(
    operation: string,
    sql: string,
    values: readonly unknown[] = [],
  ): Promise<readonly Row[]> {
    return await query<Row>(this.#client, { operation, sql, values });
  }

  /** `verb` is also the failpoint, `postgres/put-keys`; `fence` is called right before the statement is sent. */
  async write(
    { verb, subject, sql, values = [] }: TenantWrite,
    fence: (() => void) | undefined,
  ): Promise<void> {
    await this.#failpoints.around(`postgres/${verb.replaceAll(' ', '-')}`, async () => {
      fence?.();
      await query(this.#client, { operation: `${verb} ${subject}`, sql, values });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // It may be lost already.
    await this.#client.end().catch(() => undefined);
  }
}

export interface TenantWrite {
  readonly verb: string;
  readonly subject: string;
  readonly sql: string;
  readonly values?: readonly unknown[];
}

async function tenantCredential(connection: PostgresConnection, id: string): Promise<ClientCredential> {
  const { certificateAuthority: certificate, certificateAuthorityKey: privateKey } = connection;
  const keys = await generateKeyPair('ECDSA-P256');
  const clientCertificate = issueStoreAccess({ certificate, privateKey }, id, {
    publicKey: keys.publicKey,
    serialNumber: newSerialNumber(randomBytes),
    ...validityFrom(new Date(), lifetimeMs),
  });
  return { clientCertificate, clientKey: keys.privateKey };
}
