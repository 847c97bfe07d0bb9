import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type DataStore, dataStores } from '../../src/api/v1alpha1/data-store.ts';
import { type TenantControlPlane, tenantControlPlanes } from '../../src/api/v1alpha1/tenant-control-plane.ts';
import { runtimeId } from '../../src/controlplane/runtime-id.ts';
import { findCondition } from '../../src/engine/conditions.ts';
import { etcdClient } from '../support/etcd-datastore.ts';
import { type EtcdServer, startEtcd } from '../support/etcd.ts';
import { type ManagementCluster, startManagementCluster } from '../support/management-cluster.ts';
import { aTenant } from '../support/tenant.ts';
import { waitUntil } from '../support/wait-until.ts';

const nodePort = { controlPlane: { service: { serviceType: 'NodePort' as const } } };

describe('a DataStore that was edited and names another store', () => {
  const stack = new AsyncDisposableStack();
  let cluster: ManagementCluster;
  let other: EtcdServer;
  let before: DataStore['spec'];
  let elsewhere: DataStore['spec'];
  let resident: TenantControlPlane;

  beforeAll(async () => {
    [cluster, other] = await Promise.all([startManagementCluster(), startEtcd()]);
    stack.use(cluster);
    stack.use(other);
    stack.defer(await cluster.startMarina());
    resident = await cluster.create(aTenant(nodePort, { name: 'resident' }));
    await cluster.tenantWhere(resident, (tenant) => storeReady(tenant) === 'True');
    before = (await storeWhere('default', isReady)).spec;
    await cluster.addDataStore('twin', { driver: 'etcd', ...other });
    elsewhere = (await storeWhere('twin', isReady)).spec;
  }, 120_000);

  afterAll(() => stack.disposeAsync());

  it('says so, and nothing is made or deleted there; put back, all goes on', async () => {
    const users = await usersOf(other);
    await edit(elsewhere);
    const changed = await storeWhere('default', ({ status }) => reasonOf(status) === 'StoreChanged');
    const newcomer = await cluster.create(aTenant(nodePort, { name: 'newcomer' }));
    await cluster.tenantWhere(newcomer, (tenant) => storeReady(tenant) === 'False');
    const { namespace, name = '' } = resident.metadata ?? {};
    await cluster.client.delete(tenantControlPlanes, { namespace, name });
    const kept = await cluster.tenantWhere(
      resident,
      ({ status }) => findCondition(status?.conditions, 'Ready')?.reason === 'StoreChanged',
    );

    expect(kept.metadata?.deletionTimestamp).toBeDefined();
    expect(changed.status?.storeId).not.toBe((await storeWhere('twin', isReady)).status?.storeId);
    expect(await usersOf(other)).toEqual(users);
    const id = runtimeId(resident.metadata?.uid ?? '');
    expect(await usersOf(cluster.etcd)).toContain(id);

    await edit(before);

    await cluster.tenantWhere(newcomer, (tenant) => storeReady(tenant) === 'True');
    await waitUntil('the deletion goes on', async () => !(await usersOf(cluster.etcd)).includes(id));
    expect(await usersOf(other)).toEqual(users);
  });

  it('becomes that store when a person accepts it', async () => {
    await edit(elsewhere);
    const { status } = await storeWhere('default', (store) => reasonOf(store.status) === 'StoreChanged');
    const [, accepted] = /marina\.dev\/accept-store=(\w+)/.exec(readyOf(status)?.message ?? '') ?? [];
    const annotations = { 'marina.dev/accept-store': accepted };

    await cluster.client.patch(
      dataStores,
      { name: 'default' },
      { type: 'merge', body: { metadata: { annotations } } },
    );

    const store = await storeWhere('default', isReady);
    expect(store.status?.storeId).toBe(accepted);
  });

  async function edit(spec: DataStore['spec']): Promise<void> {
    const body = { spec: { endpoints: spec.endpoints, tlsConfig: spec.tlsConfig } };
    await cluster.client.patch(dataStores, { name: 'default' }, { type: 'merge', body });
  }

  async function storeWhere(name: string, accept: (store: DataStore) => boolean): Promise<DataStore> {
    return await waitUntil(`DataStore ${name} is as expected`, async () => {
      const store = await cluster.client.get(dataStores, { name });
      return store && accept(store) && store;
    });
  }
});

async function usersOf(server: EtcdServer): Promise<readonly string[]> {
  const client = etcdClient(server, server.root);
  try {
    return (await client.auth.userList()).users.toSorted();
  } finally {
    client.close();
  }
}

function readyOf(status: DataStore['status']) {
  return findCondition(status?.conditions, 'Ready');
}

function isReady({ status, metadata }: DataStore): boolean {
  return readyOf(status)?.status === 'True' && status?.observedGeneration === metadata?.generation;
}

function reasonOf(status: DataStore['status']): string | undefined {
  return readyOf(status)?.reason;
}

function storeReady({ status }: TenantControlPlane): string | undefined {
  return findCondition(status?.conditions, 'DataStoreReady')?.status;
}
