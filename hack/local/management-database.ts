import { randomBytes } from 'node:crypto';
import pg from 'pg';
import type { Context } from './context.ts';
import { namespace, readTlsSecrets, tlsSecret } from './datastore-objects.ts';
import type { Kubectl } from './kubectl.ts';
import { portForward } from './port-forward.ts';
import type { PostgresCertificates } from './postgres-certificates.ts';
import { ensurePostgresServer } from './postgres-server.ts';
import { currentLeaf } from './store-certificates.ts';

/** Database, the role that owns it, and the common name of its certificate: the server lets each role into the database of its name. */
const name = 'marina';
const secretName = 'marina-database';

/** Marina's own database, and the Secret that tells her where it is (manifests/components/rest). */
export async function ensureManagementDatabase(context: Context, kubectl: Kubectl): Promise<void> {
  const certificates = await ensurePostgresServer(context, kubectl);
  await ensureDatabase(kubectl, certificates);
  const { kept } = await readTlsSecrets(kubectl, { kept: secretName });
  const { ca } = certificates;
  const request = { commonName: name, usages: ['clientAuth'] } as const;
  const client = await currentLeaf(kept, ca, request, { now: new Date(), randomBytes });
  const url = `postgres://${name}@postgres.${namespace}.svc:5432/${name}`;
  const secret = tlsSecret(secretName, client, ca) as { readonly stringData: object };
  await kubectl.apply([{ ...secret, stringData: { ...secret.stringData, url } }]);
}

async function ensureDatabase(kubectl: Kubectl, { ca, root }: PostgresCertificates): Promise<void> {
  await using server = await portForward(kubectl, { namespace, target: 'pod/postgres-0', port: 5432 });
  const client = new pg.Client({
    host: '127.0.0.1',
    port: server.port,
    user: 'postgres',
    database: 'postgres',
    ssl: { ca: ca.certificate, cert: root.certificate, key: root.privateKey, servername: 'postgres' },
  });
  await client.connect();
  try {
    const { rowCount: roles } = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [name]);
    if (roles === 0) await client.query(`CREATE ROLE ${pg.escapeIdentifier(name)} LOGIN`);
    const { rowCount: databases } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [
      name,
    ]);
    const identifier = pg.escapeIdentifier(name);
    if (databases === 0) await client.query(`CREATE DATABASE ${identifier} OWNER ${identifier}`);
  } finally {
    await client.end();
  }
}
