import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import type { DataStoreDriver } from '../../src/datastore/driver.ts';
import { openDataStore } from '../../src/datastore/open.ts';
import { postgresPartition } from '../../src/datastore/postgres/partition.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { configMaps, namespaces } from '../../src/kube/resources.ts';
import { startKine } from '../support/kine.ts';
import type { Kine } from '../support/kine.ts';
import { startKubeApiserver } from '../support/kube-apiserver.ts';
import { postgresConnection, postgresCredential } from '../support/postgres-datastore.ts';
import { startPostgres } from '../support/postgres.ts';
import type { PostgresServer } from '../support/postgres.ts';
import { TenantApiservers } from '../support/tenant-apiservers.ts';
import { waitUntil } from '../support/wait-until.ts';
import { watchConfigMaps } from '../support/watched-config-maps.ts';

jest.setTimeout(90_000);

const ids = ['a', 'aa'] as const;

let postgres: PostgresServer;
let driver: DataStoreDriver;
const tenants = new TenantApiservers();
const kines = new Map<string, Kine>();
const started = new AsyncDisposableStack();

beforeAll(async () => {
  postgres = started.use(await startPostgres());
  driver = started.adopt(openDataStore(postgresConnection(postgres)), (open) => open.close());
  await Promise.all(ids.map(startTenant));
}, 180_000);

afterAll(() => started.disposeAsync());

async function startTenant(id: string): Promise<void> {
  await driver.ensurePartition(id);
  const kine = started.use(await startKine(postgres, id, await postgresCredential(postgres, id)));
  const apiserver = started.use(
    await startKubeApiserver({
      etcd: { socket: kine.endpoint, prefix: postgresPartition(id).prefix },
      extraArgs: ['--etcd-compaction-interval=2s'],
    }),
  );
  kines.set(id, kine);
  tenants.add(id, apiserver);
}

it('kube-apiserver runs on nothing but its partition', async () => {
  for (const id of ids) {
    expect((await driver.inspectPartition(id)).keys).toBeGreaterThan(100);
    expect(await tenants.get(id).logTail(100_000)).not.toContain('permission denied');
  }
});

it('apiservers on one Postgres do not see one another’s objects', async () => {
  await tenants.createNamespace('a', 'only-in-a');
  await tenants.createNamespace('aa', 'only-in-aa');
  expect(await tenants.listNamespaces('a')).toContain('only-in-a');
  expect(await tenants.listNamespaces('a')).not.toContain('only-in-aa');
  expect(await tenants.listNamespaces('aa')).toContain('only-in-aa');
  expect(await tenants.listNamespaces('aa')).not.toContain('only-in-a');
});

it('a watch sees what is written, also after kine and Postgres were away', async () => {
  await using client = await tenants.clientOf('a');
  await using watched = await watchConfigMaps(client.kube);
  const { informer } = watched;
  const faults: Readonly<Record<string, () => Promise<void>>> = {
    'nothing happened': async () => {},
    'kine crashed': async () => {
      await kines.get('a')?.kill();
      await kines.get('a')?.start();
    },
    'Postgres was restarted': () => postgres.restart(),
    'Postgres crashed': async () => {
      await postgres.kill();
      await postgres.start();
    },
  };
  for (const [fault, happen] of Object.entries(faults)) {
    await happen();
    for (const id of ids)
      await waitUntil(`${id} can be written to after ${fault}`, () => tryToWrite(id, fault));
    await waitUntil(`the watch brings what was written after ${fault}`, async () =>
      informer.list().some((one) => one.data?.['value'] === fault),
    );
  }
});

it('a list that was begun before a compaction cannot be gone on with after it', async () => {
  await using client = await tenants.clientOf('aa');
  for (const name of ['chunk-1', 'chunk-2', 'chunk-3']) await tenants.createNamespace('aa', name);
  const first = await client.kube.list(namespaces, { limit: 1 });
  const next = first.metadata?.continue ?? '';
  expect(next).not.toBe('');
  await waitUntil(
    'the token expires',
    async () => {
      await putConfigMap(client.kube, String(Math.random()));
      return await client.kube.list(namespaces, { limit: 1, continue: next }).then(
        () => false,
        (error: unknown) => (error as { readonly code?: string }).code === 'Expired',
      );
    },
    60_000,
  );
});

it('kine removes the history that its apiserver has compacted', async () => {
  await using client = await tenants.clientOf('aa');
  await using administrator = await connectTo('aa');
  for (let index = 0; index < 20; index += 1) await putConfigMap(client.kube, `revision ${index}`);
  await waitUntil(
    'one revision is left',
    async () => {
      const { rows } = await administrator.client.query<{ readonly count: number }>(
        "SELECT count(*)::int FROM kine WHERE name LIKE '%/configmaps/default/written'",
      );
      // Compaction goes up to where the store was a while ago, so something has to happen meanwhile.
      await putConfigMap(client.kube, 'another', 'elsewhere');
      return rows[0]?.count === 1;
    },
    60_000,
  );
});

it('an apiserver goes on where it was, after its neighbour was deleted', async () => {
  await tenants.createNamespace('aa', 'kept');
  await tenants.stop('a');
  await kines.get('a')?.stop();
  const { keys } = await driver.inspectPartition('aa');
  await driver.deletePartition('a');
  expect(await driver.inspectPartition('a')).toMatchObject({ userExists: false, roleExists: false, keys: 0 });
  expect((await driver.inspectPartition('aa')).keys).toBeGreaterThanOrEqual(keys);
  await tenants.get('aa').restart();
  expect(await tenants.listNamespaces('aa')).toContain('kept');
});

async function putConfigMap(kube: KubeClient, value: string, name = 'written'): Promise<void> {
  const object = { metadata: { namespace: 'default', name }, data: { value } };
  await kube.apply(configMaps, object, { fieldManager: 'test' });
}

/** kine tells its callers of each connection that was cut, so the first writes after a fault may fail. */
async function tryToWrite(id: string, value: string): Promise<boolean> {
  await using client = await tenants.clientOf(id);
  return await putConfigMap(client.kube, value).then(
    () => true,
    () => false,
  );
}

async function connectTo(database: string) {
  const client = await postgres.connect(database);
  return { client, [Symbol.asyncDispose]: () => client.end() };
}
