import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type DataStore, dataStores } from '../../src/api/v1alpha1/data-store.ts';
import { findCondition } from '../../src/engine/conditions.ts';
import { tenantControlPlanes } from '../../src/api/v1alpha1/tenant-control-plane.ts';
import { applyManifest } from '../support/apply-manifest.ts';
import { type ManagementCluster, startManagementCluster } from '../support/management-cluster.ts';
import { aTenant } from '../support/tenant.ts';
import { waitUntil } from '../support/wait-until.ts';

describe('a DataStore that control planes are on', () => {
  const stack = new AsyncDisposableStack();
  let cluster: ManagementCluster;

  beforeAll(async () => {
    cluster = stack.use(await startManagementCluster());
    await applyManifest(cluster.client, 'manifests/rbac/data-store-policy.yaml');
    await waitUntil('the policy is in force', async () => {
      const { metadata } = await copyOfDefault('probe');
      const body = { metadata: { name: metadata?.name }, status: { tenants: 1 } } as DataStore;
      await cluster.client.apply(dataStores, body, { fieldManager: 'test', subresource: 'status' });
      return (await refusal('probe')) !== undefined;
    });
    stack.defer(await cluster.startMarina());
  }, 120_000);

  afterAll(() => stack.disposeAsync());

  it('is not deleted, and names them; when the last one has gone it is', async () => {
    await copyOfDefault('second');
    const tenant = await cluster.create(
      aTenant(
        { dataStore: 'second', controlPlane: { service: { serviceType: 'NodePort' } } },
        { name: 'blue' },
      ),
    );
    await statusWhere('second', ({ status }) => status?.tenants === 1);

    expect(await refusal('second')).toMatch(
      /DataStore second keeps the state of 1 control planes; delete them first: team-a\/blue/,
    );

    const { namespace, name = '' } = tenant.metadata ?? {};
    await cluster.client.delete(tenantControlPlanes, { namespace, name });
    const { status } = await statusWhere('second', ({ status }) => status?.tenants === 0);
    expect(findCondition(status?.conditions, 'Compacted')?.status).toBe('True');
    expect(await refusal('second')).toBeUndefined();
    expect(await cluster.client.get(dataStores, { name: 'second' })).toBeUndefined();
  });

  /** Made as the DataStore `default`, on the same etcd. */
  async function copyOfDefault(name: string): Promise<DataStore> {
    const { apiVersion, kind, spec } = (await cluster.client.get(dataStores, {
      name: 'default',
    })) as DataStore;
    const copy = { apiVersion, kind, metadata: { name }, spec };
    return await cluster.client.apply(dataStores, copy, { fieldManager: 'test' });
  }

  async function statusWhere(name: string, accept: (store: DataStore) => boolean): Promise<DataStore> {
    return await waitUntil(`DataStore ${name} is as expected`, async () => {
      const store = await cluster.client.get(dataStores, { name });
      return store && accept(store) && store;
    });
  }

  /** Why it was not deleted; undefined when it was. */
  async function refusal(name: string): Promise<string | undefined> {
    try {
      await cluster.client.delete(dataStores, { name });
      return undefined;
    } catch (error: unknown) {
      return (error as Error).message;
    }
  }
});
