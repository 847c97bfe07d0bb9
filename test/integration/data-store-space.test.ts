import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Etcd3 } from 'etcd3';
import { type DataStore, dataStores } from '../../src/api/v1alpha1/data-store.ts';
import type { TenantControlPlane } from '../../src/api/v1alpha1/tenant-control-plane.ts';
import { runtimeId } from '../../src/controlplane/runtime-id.ts';
import { findCondition } from '../../src/engine/conditions.ts';
import { events } from '../../src/kube/resources.ts';
import { fillEtcd } from '../support/etcd-cluster.ts';
import { etcdClient } from '../support/etcd-datastore.ts';
import { type ManagementCluster, startManagementCluster } from '../support/management-cluster.ts';
import { aTenant } from '../support/tenant.ts';
import { waitUntil } from '../support/wait-until.ts';

const nodePort = { controlPlane: { service: { serviceType: 'NodePort' as const } } };
const etcd = { extraArgs: [`--quota-backend-bytes=${16 * 2 ** 20}`] };

describe('a DataStore that one control plane fills', () => {
  const stack = new AsyncDisposableStack();
  let cluster: ManagementCluster;
  let administrator: Etcd3;
  let greedy: TenantControlPlane;
  let quiet: TenantControlPlane;

  beforeAll(async () => {
    cluster = stack.use(await startManagementCluster({ etcd }));
    administrator = stack.adopt(etcdClient(cluster.etcd, cluster.etcd.root), (client) => client.close());
    stack.defer(await cluster.startMarina());
    greedy = await cluster.create(aTenant(nodePort, { name: 'greedy' }));
    quiet = await cluster.create(aTenant(nodePort, { name: 'quiet' }));
    for (const tenant of [greedy, quiet]) await cluster.tenantWhere(tenant, hasPartition);
  }, 120_000);

  afterAll(() => stack.disposeAsync());

  it('names it and takes no more, and goes on by itself when there is room', async () => {
    const write = (value: string) =>
      administrator
        .put(`${prefixOf(quiet)}pods/default/a`)
        .value(value)
        .exec();
    await fillEtcd(cluster.etcd, `${prefixOf(greedy)}configmaps/default/`);
    await expect(write('before')).rejects.toThrow('space exceeded');

    await lookNow('full');
    const full = await storeWhere(({ status }) => readyOf(status)?.reason === 'DataStoreNoSpace');

    expect(readyOf(full.status)?.message).toMatch(/Most is taken by team-a\/greedy \(\d+ MiB, \d+ keys\)/);
    expect(full.status?.largestTenants?.[0]).toMatchObject({ tenantControlPlane: 'team-a/greedy' });
    await storeWhere(({ status }) => readyOf(status)?.message.includes('--quota-backend-bytes') ?? false);
    const late = await cluster.create(aTenant(nodePort, { name: 'late' }));
    await cluster.tenantWhere(late, (tenant) => reasonOf(tenant) === 'DataStoreUnhealthy');
    const { users } = await administrator.auth.userList();
    expect(users).toEqual(expect.arrayContaining([idOf(greedy), idOf(quiet)]));
    expect(users).not.toContain(idOf(late));

    await administrator.delete().prefix(prefixOf(greedy)).exec();
    const { status } = await storeWhere((store) => readyOf(store.status)?.status === 'True');

    await write('after');
    await cluster.tenantWhere(late, hasPartition);
    expect(findCondition(status?.conditions, 'SpaceAvailable')?.status).toBe('True');
    const told = await cluster.client.list(events, { namespace: 'default' });
    const warning = told.items.find(({ reason }) => reason === 'DataStoreNoSpace');
    expect(warning).toMatchObject({ type: 'Warning', message: expect.stringContaining('team-a/greedy') });
  }, 240_000);

  /** Marina looks at a store that is well once a minute, and after a change of it. */
  async function lookNow(why: string): Promise<void> {
    const body = { metadata: { annotations: { 'example.com/look': why } } };
    await cluster.client.patch(dataStores, { name: 'default' }, { type: 'merge', body });
  }

  async function storeWhere(accept: (store: DataStore) => boolean): Promise<DataStore> {
    const ask = async () => {
      const store = await cluster.client.get(dataStores, { name: 'default' });
      return store && accept(store) && store;
    };
    return await waitUntil('the DataStore is as expected', ask, 120_000);
  }
});

function idOf({ metadata }: TenantControlPlane): string {
  return runtimeId(metadata?.uid ?? '');
}

function prefixOf(tenant: TenantControlPlane): string {
  return `/${idOf(tenant)}/`;
}

function readyOf(status: DataStore['status']) {
  return findCondition(status?.conditions, 'Ready');
}

function reasonOf({ status }: TenantControlPlane): string | undefined {
  return findCondition(status?.conditions, 'DataStoreReady')?.reason;
}

function hasPartition({ status }: TenantControlPlane): boolean {
  return findCondition(status?.conditions, 'DataStoreReady')?.status === 'True';
}
