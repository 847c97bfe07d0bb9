import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { etcdPartition } from '../../src/datastore/etcd/partition.ts';
import { openDataStore } from '../../src/datastore/open.ts';
import type { DataStoreDriver } from '../../src/datastore/driver.ts';
import { connectionAs, rootConnection, tenantCredential } from '../support/etcd-datastore.ts';
import { startEtcd } from '../support/etcd.ts';
import type { EtcdServer } from '../support/etcd.ts';
import { startKubeApiserver } from '../support/kube-apiserver.ts';
import { TenantApiservers } from '../support/tenant-apiservers.ts';

jest.setTimeout(60_000);

const ids = ['a', 'aa'] as const;

let etcd: EtcdServer;
let driver: DataStoreDriver;
const tenants = new TenantApiservers();
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
  const apiserver = await startKubeApiserver({
    etcd: { ...access, prefix: etcdPartition(id).prefix },
    extraArgs: ['--etcd-compaction-interval=876000h'],
  });
  tenants.add(id, started.use(apiserver));
}

it('kube-apiserver runs on nothing but its partition', async () => {
  for (const id of ids) {
    const { keys } = await driver.inspectPartition(id);
    expect(keys).toBeGreaterThan(100);
    expect(await tenants.get(id).logTail(100_000)).not.toContain('permission denied');
  }
});

it('apiservers on one etcd do not see one another’s objects', async () => {
  await tenants.createNamespace('a', 'only-in-a');
  await tenants.createNamespace('aa', 'only-in-aa');
  expect(await tenants.listNamespaces('a')).toContain('only-in-a');
  expect(await tenants.listNamespaces('a')).not.toContain('only-in-aa');
  expect(await tenants.listNamespaces('aa')).toContain('only-in-aa');
  expect(await tenants.listNamespaces('aa')).not.toContain('only-in-a');
});

it('an apiserver goes on where it was, after the store was compacted and its neighbour deleted', async () => {
  await tenants.createNamespace('aa', 'kept');
  await driver.compact({ minimumIntervalMs: 0 });
  expect(await driver.compact({ minimumIntervalMs: 0 })).toMatchObject({ compacted: true });
  await tenants.stop('a');
  const { keys } = await driver.inspectPartition('aa');
  await driver.deletePartition('a');
  expect(await driver.inspectPartition('a')).toMatchObject({ userExists: false, roleExists: false, keys: 0 });
  expect((await driver.inspectPartition('aa')).keys).toBeGreaterThanOrEqual(keys);
  await tenants.get('aa').restart();
  expect(await tenants.listNamespaces('aa')).toContain('kept');
});
