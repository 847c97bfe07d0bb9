import { randomBytes } from 'node:crypto';
import { generateKeyPair, newSerialNumber } from '../../pki/keys.ts';
import { validityFrom } from '../../pki/validity.ts';
import { issueStoreAccess } from '../access.ts';
import type { PostgresConnection } from '../driver.ts';
import { connectClient, writeTimeoutMs } from './connect.ts';
import type { ClientCredential } from './connect.ts';
import { isMissingTable, isShutOut, wrapError } from './errors.ts';
import type { PostgresPartition } from './partition.ts';
import { query } from './primary.ts';

/**
 * Keys as their tenant's apiserver sees them: of each name the last row, unless it is a deletion. kine keeps all revisions since the last
 * compaction; its index on (name, id DESC, deleted) answers without reading values: for a million revisions in half a second, before a first VACUUM in three.
 */
const countSql = `
  SELECT count(*)::int AS keys
  FROM (SELECT DISTINCT ON (name) deleted FROM public.kine WHERE name >= $1 AND name < $2 ORDER BY name, id DESC) AS latest
  WHERE deleted = 0`;

const lifetimeMs = 5 * 60 * 1000;

/**
 * Counts as the tenant, by a connection that is nobody else's: who owns a table can have the server run functions for whoever plans a
 * query over it, and these must find no other rights than their owner's. 0 where there is no table, or nobody to ask.
 */
export async function countKeys(
  connection: PostgresConnection,
  endpoint: string,
  { name, prefix, end }: PostgresPartition,
): Promise<number> {
  const operation = `count keys of ${name}`;
  try {
    const client = await wrapError(operation, async () =>
      connectClient(connection, await tenantCredential(connection, name), {
        endpoint,
        database: name,
        timeoutMs: writeTimeoutMs,
      }),
    );
    try {
      const [row] = await query<{ readonly keys: number }>(client, {
        operation,
        sql: countSql,
        values: [prefix, end],
      });
      return row?.keys ?? 0;
    } finally {
      await client.end().catch(() => undefined);
    }
  } catch (error) {
    if (isMissingTable(error) || isShutOut(error)) return 0;
    throw error;
  }
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
