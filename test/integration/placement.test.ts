import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type DataStore, dataStores } from '../../src/api/v1alpha1/data-store.ts';
import { type TenantControlPlane, tenantControlPlanes } from '../../src/api/v1alpha1/tenant-control-plane.ts';
import { findCondition } from '../../src/engine/conditions.ts';
import { secrets } from '../../src/kube/resources.ts';
import { type EtcdServer, startEtcd } from '../support/etcd.ts';
import { type ManagementCluster, startManagementCluster } from '../support/management-cluster.ts';
import { aTenant } from '../support/tenant.ts';
import { waitUntil } from '../support/wait-until.ts';

const nodePort = { dataStore: undefined, controlPlane: { service: { serviceType: 'NodePort' as const } } };

describe('a control plane that names no DataStore', () => {
  const stack = new AsyncDisposableStack();
  let cluster: ManagementCluster;
  let other: EtcdServer;

  beforeAll(async () => {
    [cluster, other] = await Promise.all([startManagementCluster(), startEtcd()]);
    stack.use(cluster);
    stack.use(other);
    stack.defer(await cluster.startMarina());
  }, 120_000);

  afterAll(() => stack.disposeAsync());

  it('gets the one that there is, written into its specification, where it stays', async () => {
    const tenant = await cluster.create(aTenant(nodePort, { name: 'alone' }));

    const placed = await cluster.tenantWhere(tenant, hasPartition);

    expect(placed.spec.dataStore).toBe('default');
    expect(placed.status?.dataStore).toBe('default');
    expect(placed.metadata?.managedFields).toContainEqual(
      expect.objectContaining({ manager: 'marina-placement', operation: 'Apply' }),
    );
    const { spec, metadata, apiVersion, kind } = aTenant(nodePort, { name: 'alone' });
    const body = { apiVersion, kind, metadata: { name: 'alone', namespace: metadata?.namespace }, spec };
    const applied = await cluster.client.apply(tenantControlPlanes, body, {
      fieldManager: 'user',
    });
    expect(applied.spec.dataStore).toBe('default');
    const unset = { type: 'merge', body: { spec: { dataStore: null } } } as const;
    await expect(
      cluster.client.patch(tenantControlPlanes, { namespace: 'team-a', name: 'alone' }, unset),
    ).rejects.toThrow('cannot be taken away');
  });

  it('waits, with nothing made for it, until a DataStore with the labels that it asks for is Ready', async () => {
    const selector = { matchLabels: { tier: 'gold' } };
    const tenant = await cluster.create(
      aTenant({ ...nodePort, dataStoreSelector: selector }, { name: 'choosy' }),
    );

    const waiting = await cluster.tenantWhere(
      tenant,
      ({ status }) => readyReason(status) === 'NoDataStoreFits',
    );
    expect(findCondition(waiting.status?.conditions, 'DataStoreReady')?.message).toBe(
      'No DataStore fits: default is not selected by spec.dataStoreSelector.',
    );
    expect(waiting.spec.dataStore).toBeUndefined();
    const made = await cluster.client.list(secrets, {
      namespace: 'marina-tenants',
      labelSelector: 'marina.dev/tenant-control-plane=choosy',
    });
    expect(made.items).toEqual([]);

    await cluster.addDataStore('second', { driver: 'etcd', ...other });
    const refusal = 'second is not selected by spec.dataStoreSelector';
    await cluster.tenantWhere(
      tenant,
      ({ status }) => findCondition(status?.conditions, 'DataStoreReady')?.message.includes(refusal) ?? false,
    );
    await label('second', { tier: 'gold' });

    expect((await cluster.tenantWhere(tenant, hasPartition)).spec.dataStore).toBe('second');
  });

  it('is one of many that come at once, and they are spread', async () => {
    await waitUntil('both are Ready', async () => {
      const { items } = await cluster.client.list(dataStores);
      return items.length === 2 && items.every(({ status }) => readyStatus(status) === 'True');
    });
    const born = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        cluster.create(aTenant(nodePort, { name: `crowd-${index}`, namespace: 'team-b' })),
      ),
    );

    const placed = await Promise.all(born.map((tenant) => cluster.tenantWhere(tenant, isPlaced)));

    const stores = placed.map(({ spec }) => spec.dataStore);
    expect(stores.filter((store) => store === 'default')).toHaveLength(5);
    expect(stores.filter((store) => store === 'second')).toHaveLength(5);
  });

  it('is deleted before it has one', async () => {
    const selector = { matchLabels: { tier: 'none' } };
    const tenant = await cluster.create(
      aTenant({ ...nodePort, dataStoreSelector: selector }, { name: 'never' }),
    );
    await cluster.tenantWhere(tenant, ({ status }) => readyReason(status) === 'NoDataStoreFits');
    const ref = { namespace: 'team-a', name: 'never' };

    await cluster.client.delete(tenantControlPlanes, ref);

    await waitUntil('it is gone', async () => !(await cluster.client.get(tenantControlPlanes, ref)));
  });

  async function label(name: string, labels: Record<string, string>): Promise<void> {
    await cluster.client.patch(dataStores, { name }, { type: 'merge', body: { metadata: { labels } } });
  }
});

function isPlaced({ spec }: TenantControlPlane): boolean {
  return spec.dataStore !== undefined;
}

function hasPartition({ status }: TenantControlPlane): boolean {
  return findCondition(status?.conditions, 'DataStoreReady')?.status === 'True';
}

function readyReason(status: TenantControlPlane['status']): string | undefined {
  return findCondition(status?.conditions, 'Ready')?.reason;
}

function readyStatus(status: DataStore['status']): string | undefined {
  return findCondition(status?.conditions, 'Ready')?.status;
}
