import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import type { DataStoreDriver } from '../../src/datastore/driver.ts';
import { openDataStore } from '../../src/datastore/open.ts';
import { postgresPartition } from '../../src/datastore/postgres/partition.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { silentLog } from '../../src/engine/log.ts';
import { systemClock } from '../../src/engine/clock.ts';
import { Informer } from '../../src/kube/informer.ts';
import { connect } from '../../src/kube/kubeconfig.ts';
import { configMaps, namespaces, type ConfigMap } from '../../src/kube/resources.ts';
import { startKine } from '../support/kine.ts';
import type { Kine } from '../support/kine.ts';
import { startKubeApiserver } from '../support/kube-apiserver.ts';
import type { KubeApiserver } from '../support/kube-apiserver.ts';
import { postgresConnection, postgresCredential } from '../support/postgres-datastore.ts';
import { startPostgres } from '../support/postgres.ts';
import type { PostgresServer } from '../support/postgres.ts';
import { waitUntil } from '../support/wait-until.ts';

jest.setTimeout(90_000);

const ids = ['a', 'aa'] as const;

interface Tenant {
  readonly kine: Kine;
  readonly apiserver: KubeApiserver;
}

let postgres: PostgresServer;
let driver: DataStoreDriver;
const tenants = new Map<string, Tenant>();
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
  tenants.set(id, { kine, apiserver });
}

it('kube-apiserver runs on nothing but its partition', async () => {
  for (const id of ids) {
    expect((await driver.inspectPartition(id)).keys).toBeGreaterThan(100);
    expect(await tenant(id).apiserver.logTail(100_000)).not.toContain('permission denied');
  }
});

it('apiservers on one Postgres do not see one another’s objects', async () => {
  await createNamespace('a', 'only-in-a');
  await createNamespace('aa', 'only-in-aa');
  expect(await listNamespaces('a')).toContain('only-in-a');
  expect(await listNamespaces('a')).not.toContain('only-in-aa');
  expect(await listNamespaces('aa')).toContain('only-in-aa');
  expect(await listNamespaces('aa')).not.toContain('only-in-a');
});

it('a watch sees what is written, also after kine and Postgres were away', async () => {
  await using client = await clientOf('a');
  const informer = new Informer({
    client: client.kube,
    resource: configMaps,
    namespace: 'default',
    clock: systemClock,
    log: silentLog,
  });
  await using _running = run(informer);
  await informer.synced();
  const faults: Readonly<Record<string, () => Promise<void>>> = {
    'nothing happened': async () => {},
    'kine crashed': async () => {
      await tenant('a').kine.kill();
      await tenant('a').kine.start();
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
  await using client = await clientOf('aa');
  for (const name of ['chunk-1', 'chunk-2', 'chunk-3']) await createNamespace('aa', name);
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
  await using client = await clientOf('aa');
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
  await createNamespace('aa', 'kept');
  await tenant('a').apiserver.stop();
  await tenant('a').kine.stop();
  tenants.delete('a');
  const { keys } = await driver.inspectPartition('aa');
  await driver.deletePartition('a');
  expect(await driver.inspectPartition('a')).toMatchObject({ userExists: false, roleExists: false, keys: 0 });
  expect((await driver.inspectPartition('aa')).keys).toBeGreaterThanOrEqual(keys);
  await tenant('aa').apiserver.restart();
  expect(await listNamespaces('aa')).toContain('kept');
});

function tenant(id: string): Tenant {
  const running = tenants.get(id);
  if (!running) throw new Error(`no tenant ${id} is running`);
  return running;
}

/** Runs it until it is disposed of. */
function run(informer: Informer<ConfigMap>): AsyncDisposable {
  const stop = new AbortController();
  const running = informer.run(stop.signal);
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
    },
  };
}

async function putConfigMap(kube: KubeClient, value: string, name = 'written'): Promise<void> {
  const object = { metadata: { namespace: 'default', name }, data: { value } };
  await kube.apply(configMaps, object, { fieldManager: 'test' });
}

/** kine tells its callers of each connection that was cut, so the first writes after a fault may fail. */
async function tryToWrite(id: string, value: string): Promise<boolean> {
  await using client = await clientOf(id);
  return await putConfigMap(client.kube, value).then(
    () => true,
    () => false,
  );
}

async function createNamespace(id: string, name: string): Promise<void> {
  await using client = await clientOf(id);
  await client.kube.create(namespaces, { metadata: { name } });
}

async function listNamespaces(id: string): Promise<readonly (string | undefined)[]> {
  await using client = await clientOf(id);
  const { items } = await client.kube.list(namespaces);
  return items.map((item) => item.metadata?.name);
}

async function clientOf(id: string): Promise<AsyncDisposable & { readonly kube: KubeClient }> {
  const { server, ca, admin } = tenant(id).apiserver;
  const kube = await connect({ server, ca: ca.certificate, cert: admin.certificate, key: admin.privateKey });
  return { kube, [Symbol.asyncDispose]: () => kube.close() };
}

async function connectTo(database: string) {
  const client = await postgres.connect(database);
  return { client, [Symbol.asyncDispose]: () => client.end() };
}
