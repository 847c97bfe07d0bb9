import './one-realm.ts';
import { createHash } from 'node:crypto';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { backupStorages } from '../../src/api/v1alpha1/backup-storage.ts';
import type { TenantBackup } from '../../src/api/v1alpha1/tenant-backup.ts';
import type { TenantControlPlane } from '../../src/api/v1alpha1/tenant-control-plane.ts';
import { openArchive } from '../../src/backup/archive/read.ts';
import { S3Storage } from '../../src/backup/storage/s3.ts';
import type { ObjectStorage } from '../../src/backup/storage/storage.ts';
import { VolumeStorage } from '../../src/backup/storage/volume.ts';
import type { DataStoreConnection, DataStoreDriver, Entry } from '../../src/datastore/driver.ts';
import { openDataStore } from '../../src/datastore/open.ts';
import { secrets } from '../../src/kube/resources.ts';
import { encodeData } from '../../src/kube/secret-data.ts';
import { rootConnection } from './etcd-datastore.ts';
import type { ManagementCluster } from './management-cluster.ts';
import { findOrphans } from './orphans.ts';
import { postgresConnection } from './postgres-datastore.ts';
import { type PostgresServer, startPostgres } from './postgres.ts';
import { type S3Server, startS3Server } from './s3-server.ts';
import { createTemporaryDirectory } from './temporary-directory.ts';
import { runtimeIdOf } from './tenant.ts';

export type StoreName = 'default' | 'postgres';
export type StorageName = 'on-volume' | 'on-s3';

/** SHA-256 of the ConfigMaps of namespace `default`, by name, as a store or an archive has them. */
export type Kept = ReadonlyMap<string, string>;

/** Two DataStores and two BackupStorages of a management cluster, and what is in them, looked at without Marina. */
export interface KeptData extends AsyncDisposable {
  /** Of the BackupStorage `on-volume`. */
  readonly volume: string;
  inStore(store: StoreName, tenant: TenantControlPlane): Promise<Kept>;
  /** How many keys its partition has. */
  keysIn(store: StoreName, tenant: TenantControlPlane): Promise<number>;
  /** Of its first archive. */
  inArchive(backup: TenantBackup): Promise<Kept>;
  /**
   * What belongs to nobody any more: objects, entries of both stores, archives. What an archive or a check of a storage left that was
   * begun and not ended is no archive, and is swept later.
   */
  leftovers(): Promise<readonly string[]>;
}

/** Beside DataStore `default`, which is there: DataStore `postgres`, BackupStorages `on-volume` and `on-s3`. */
export async function startKeptData(cluster: ManagementCluster): Promise<KeptData> {
  await using started = new AsyncDisposableStack();
  const [postgres, s3] = await Promise.all([startPostgres(), startS3Server()]);
  started.use(postgres);
  started.use(s3);
  const { path: volume } = started.use(await createTemporaryDirectory('archives'));
  await cluster.addDataStore('postgres', { driver: 'postgres', ...postgres });
  const identity = await generateX25519Identity();
  await createStorages(cluster, s3, identity);

  const connections: Record<StoreName, DataStoreConnection> = {
    default: rootConnection(cluster.etcd),
    postgres: postgresConnection(postgres),
  };
  const open: Record<StorageName, () => ObjectStorage> = {
    'on-volume': () => new VolumeStorage({ directory: volume }),
    'on-s3': () => new S3Storage(s3.location),
  };
  const parts = started.move();
  return {
    volume,
    inStore: (store, tenant) =>
      onStore(connections[store], async (driver) => {
        await using snapshot = await driver.contentsOf(runtimeIdOf(tenant)).snapshot();
        return await collect(snapshot.pages());
      }),
    keysIn: (store, tenant) =>
      onStore(connections[store], async (driver) => {
        const { keys } = await driver.inspectPartition(runtimeIdOf(tenant));
        return keys;
      }),
    inArchive: ({ spec, status }) =>
      onStorage(open[spec.storage as StorageName](), async (storage) => {
        const stored = await storage.get(status?.archives?.[0]?.key ?? '');
        const { pages } = await openArchive(stored, identity);
        return await collect(pages);
      }),
    leftovers: async () => {
      const archives = Object.values(open).map((storage) => onStorage(storage(), archivesIn));
      const found = await Promise.all([findOrphans(cluster), partitionsIn(postgres), ...archives]);
      return found.flat();
    },
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

async function createStorages({ client }: ManagementCluster, { location }: S3Server, identity: string) {
  const { endpoint, bucket, region, pathStyle, certificateAuthority } = location;
  // Clients add to the object that they are given.
  const { accessKeyId, secretAccessKey } = location.credentials;
  const secret = (name: string, data: Readonly<Record<string, string>>) =>
    client.create(secrets, {
      metadata: { namespace: 'marina-system', name },
      type: 'Opaque',
      data: encodeData({ ...data }),
    });
  await secret('backup-identity', { identity });
  await secret('s3-key', { accessKeyId, secretAccessKey });
  await secret('s3-ca', { 'ca.crt': certificateAuthority });
  const encryption = {
    recipients: [await identityToRecipient(identity)],
    identitySecret: { name: 'backup-identity' },
  };
  const s3 = {
    ...{ endpoint, bucket, region, pathStyle, insecure: false },
    credentialsSecret: { name: 's3-key' },
    certificateAuthoritySecret: { name: 's3-ca' },
  };
  await client.create(backupStorages, { metadata: { name: 'on-volume' }, spec: { volume: {}, encryption } });
  await client.create(backupStorages, { metadata: { name: 'on-s3' }, spec: { s3, encryption } });
}

async function onStore<T>(
  connection: DataStoreConnection,
  ask: (driver: DataStoreDriver) => Promise<T>,
): Promise<T> {
  const driver = openDataStore(connection);
  try {
    return await ask(driver);
  } finally {
    await driver.close();
  }
}

async function onStorage<T>(storage: ObjectStorage, ask: (storage: ObjectStorage) => Promise<T>): Promise<T> {
  try {
    return await ask(storage);
  } finally {
    await storage.close();
  }
}

async function collect(pages: AsyncIterable<readonly Entry[]>): Promise<Kept> {
  const folder = 'configmaps/default/';
  const kept = new Map<string, string>();
  for await (const page of pages) {
    for (const { key, value } of page) {
      if (!key.startsWith(folder)) continue;
      kept.set(key.slice(folder.length), createHash('sha256').update(value).digest('hex'));
    }
  }
  return kept;
}

async function archivesIn(storage: ObjectStorage): Promise<readonly string[]> {
  const keys: string[] = [];
  for await (const { key } of storage.list('')) if (!key.startsWith('marina.check/')) keys.push(key);
  return keys;
}

async function partitionsIn(postgres: PostgresServer): Promise<readonly string[]> {
  const client = await postgres.connect();
  try {
    const { rows } = await client.query<{ readonly name: string }>(
      `SELECT 'database ' || datname AS name FROM pg_database WHERE datname ~ '^t[a-z2-7]{26}$'
       UNION ALL SELECT 'role ' || rolname FROM pg_roles WHERE rolname ~ '^t[a-z2-7]{26}$'`,
    );
    return rows.map(({ name }) => name);
  } finally {
    await client.end();
  }
}
