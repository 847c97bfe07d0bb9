import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { type TenantControlPlane, tenantControlPlanes } from '../../src/api/v1alpha1/tenant-control-plane.ts';
import { runtimeId } from '../../src/controlplane/runtime-id.ts';
import { hasReached } from '../../src/controlplane/timeline.ts';
import { openDataStore } from '../../src/datastore/open.ts';
import type { Partition } from '../../src/datastore/driver.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { KubeError } from '../../src/kube/errors.ts';
import { findCondition } from '../../src/engine/conditions.ts';
import { refOf } from '../../src/kube/resource.ts';
import { deployments } from '../../src/kube/resources.ts';
import { rootConnection } from '../support/etcd-datastore.ts';
import { type EtcdServer, startEtcd } from '../support/etcd.ts';
import { type ManagementCluster, startManagementCluster } from '../support/management-cluster.ts';
import { findOrphans } from '../support/orphans.ts';
import { onMachine } from '../support/process-kubelet.ts';
import { aTenant } from '../support/tenant.ts';
import { waitUntil } from '../support/wait-until.ts';

jest.setTimeout(120_000);

const started = new AsyncDisposableStack();
let cluster: ManagementCluster;
let second: EtcdServer;
/** Whether Marina's word that there is a partition gets lost. */
let isLost = true;

beforeAll(async () => {
  cluster = started.use(await startManagementCluster());
  second = started.use(await startEtcd());
  await cluster.addDataStore('second', { driver: 'etcd', ...second });
  started.defer(await cluster.startMarina({ client: losing(cluster.client) }));
}, 120_000);

afterAll(() => started.disposeAsync());

it('a control plane that is sent to another store before it has a state leaves nothing in the first', async () => {
  const tenant = await cluster.create(aTenant({ dataStore: 'default' }, { name: 'undecided' }));
  await waitUntil('a partition is begun', async () => (await partition(cluster.etcd, tenant)).userExists);

  const body = { spec: { dataStore: 'second' } };
  await cluster.client.patch(tenantControlPlanes, refOf(tenant), { type: 'merge', body });
  isLost = false;

  await cluster.tenantWhere(
    tenant,
    (now) => hasReached(now, 'PartitionReady') && now.status?.dataStore === 'second',
  );
  expect(await partition(second, tenant)).toMatchObject({ userExists: true, roleExists: true });
  expect(await partition(cluster.etcd, tenant)).toMatchObject({ userExists: false, roleExists: false });
});

it('one that runs already is not made anew elsewhere, but told to stay until it can be moved', async () => {
  isLost = true;
  const tenant = await cluster.create(aTenant({ ...onMachine, dataStore: 'default' }, { name: 'running' }));
  const ref = { namespace: 'marina-tenants', name: runtimeId(tenant.metadata?.uid ?? '') };
  await waitUntil('something runs', async () => (await cluster.client.get(deployments, ref)) !== undefined);

  const body = { spec: { dataStore: 'second' } };
  await cluster.client.patch(tenantControlPlanes, refOf(tenant), { type: 'merge', body });
  isLost = false;

  const told = await cluster.tenantWhere(
    tenant,
    ({ status }) => findCondition(status?.conditions, 'DataStoreReady')?.reason === 'SpecInvalid',
  );
  expect(findCondition(told.status?.conditions, 'DataStoreReady')?.message).toContain('has to be default');
  expect(await partition(cluster.etcd, tenant)).toMatchObject({ userExists: true, roleExists: true });
  expect(await partition(second, tenant)).toMatchObject({ userExists: false, roleExists: false });
});

it('nor one that is deleted instead', async () => {
  isLost = true;
  const tenant = await cluster.create(aTenant({ dataStore: 'default' }, { name: 'unborn' }));
  await waitUntil('a partition is begun', async () => (await partition(cluster.etcd, tenant)).userExists);

  const body = { spec: { dataStore: 'nowhere' } };
  await cluster.client.patch(tenantControlPlanes, refOf(tenant), { type: 'merge', body });
  await cluster.client.delete(tenantControlPlanes, refOf(tenant));

  await waitUntil('it is gone', async () => !(await cluster.client.get(tenantControlPlanes, refOf(tenant))));
  expect(await partition(cluster.etcd, tenant)).toMatchObject({ userExists: false, roleExists: false });
  expect(await findOrphans(cluster)).toEqual([]);
});

async function partition(server: EtcdServer, { metadata }: TenantControlPlane): Promise<Partition> {
  const driver = openDataStore(rootConnection(server));
  try {
    return await driver.inspectPartition(runtimeId(metadata?.uid ?? ''));
  } finally {
    await driver.close();
  }
}

/** As if somebody else wrote each time. */
function losing(client: KubeClient): KubeClient {
  const apply: KubeClient['apply'] = (resource, object, options) => {
    const isWord = resource.plural === 'tenantcontrolplanes' && hasReached(object as never, 'PartitionReady');
    if (!isLost || !isWord) return client.apply(resource, object, options);
    return Promise.reject(
      new KubeError({ code: 'Conflict', operation: 'apply', message: 'somebody else wrote', status: 409 }),
    );
  };
  return Object.create(client, { apply: { value: apply } }) as KubeClient;
}
