import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { etcdPartition } from '../../src/datastore/etcd/partition.ts';
import { openDataStore } from '../../src/datastore/open.ts';
import type { DataStoreDriver } from '../../src/datastore/driver.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { connect } from '../../src/kube/kubeconfig.ts';
import { namespaces } from '../../src/kube/resources.ts';
import { connectionAs, rootConnection, tenantCredential } from '../support/etcd-datastore.ts';
import { startEtcd } from '../support/etcd.ts';
import type { EtcdServer } from '../support/etcd.ts';
import { startKubeApiserver } from '../support/kube-apiserver.ts';
import type { KubeApiserver } from '../support/kube-apiserver.ts';

jest.setTimeout(60_000);

const ids = ['a', 'aa'] as const;

let etcd: EtcdServer;
let driver: DataStoreDriver;
const tenants = new Map<string, KubeApiserver>();
const started = new AsyncDisposableStack();

beforeAll(async () => {
  etcd = started.use(await startEtcd());
  driver = started.adopt(openDataStore(rootConnection(etcd)), (open) => open.close());
  await Promise.all(ids.map(startTenant));
}, 120_000);

afterAll(() => started.disposeAsync());

async function startTenant(id: string): Promise<void> {
  await driver.ensurePartition(id);
  const access = connectionAs(etcd, await tenantCredential(etcd, id));
  const tenant = await startKubeApiserver({
    etcd: { ...access, prefix: etcdPartition(id).prefix },
    extraArgs: ['--etcd-compaction-interval=876000h'],
  });
  tenants.set(id, started.use(tenant));
}

it('kube-apiserver runs on nothing but its partition', async () => {
  for (const id of ids) {
    const { keys } = await driver.inspectPartition(id);
    expect(keys).toBeGreaterThan(100);
    expect(await tenant(id).logTail(100_000)).not.toContain('permission denied');
  }
});

it('apiservers on one etcd do not see one another’s objects', async () => {
  await createNamespace('a', 'only-in-a');
  await createNamespace('aa', 'only-in-aa');
  expect(await listNamespaces('a')).toContain('only-in-a');
  expect(await listNamespaces('a')).not.toContain('only-in-aa');
  expect(await listNamespaces('aa')).toContain('only-in-aa');
  expect(await listNamespaces('aa')).not.toContain('only-in-a');
});

it('an apiserver goes on where it was, after the store was compacted and its neighbour deleted', async () => {
  await createNamespace('aa', 'kept');
  await driver.compact({ minimumIntervalMs: 0 });
  expect(await driver.compact({ minimumIntervalMs: 0 })).toMatchObject({ compacted: true });
  await tenant('a').stop();
  tenants.delete('a');
  const { keys } = await driver.inspectPartition('aa');
  await driver.deletePartition('a');
  expect(await driver.inspectPartition('a')).toMatchObject({ userExists: false, roleExists: false, keys: 0 });
  expect((await driver.inspectPartition('aa')).keys).toBeGreaterThanOrEqual(keys);
  await tenant('aa').restart();
  expect(await listNamespaces('aa')).toContain('kept');
});

function tenant(id: string): KubeApiserver {
  const running = tenants.get(id);
  if (!running) throw new Error(`no tenant ${id} is running`);
  return running;
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
  const { server, ca, admin } = tenant(id);
  const kube = await connect({ server, ca: ca.certificate, cert: admin.certificate, key: admin.privateKey });
  return { kube, [Symbol.asyncDispose]: () => kube.close() };
}
