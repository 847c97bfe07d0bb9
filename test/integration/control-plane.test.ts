import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TenantControlPlane } from '../../src/api/v1alpha1/tenant-control-plane.ts';
import { tenantControlPlanes } from '../../src/api/v1alpha1/tenant-control-plane.ts';
import { findCondition } from '../../src/engine/conditions.ts';
import type { Resource } from '../../src/kube/resource.ts';
import { configMaps, deployments, secrets, services } from '../../src/kube/resources.ts';
import { etcdClient } from '../support/etcd-datastore.ts';
import { type ManagementCluster, startManagementCluster } from '../support/management-cluster.ts';
import { aTenant } from '../support/tenant.ts';
import { waitUntil } from '../support/wait-until.ts';

const nodePort = { controlPlane: { service: { serviceType: 'NodePort' as const } } };

describe('a TenantControlPlane in the management cluster', () => {
  let cluster: ManagementCluster;
  let stopMarina: () => Promise<void>;

  beforeAll(async () => {
    cluster = await startManagementCluster();
    stopMarina = await cluster.startMarina();
  }, 120_000);

  afterAll(async () => {
    await stopMarina();
    await cluster[Symbol.asyncDispose]();
  });

  it('gets its Service, roots, certificates, partition and Deployment, and says how far it is', async () => {
    const tenant = await born('first', 'team-a');

    const { status } = tenant;
    expect(status).toMatchObject({
      phase: 'Provisioning',
      controlPlaneEndpoint: expect.stringMatching(/^192\.0\.2\.7:3\d{4}$/),
    });
    expect(conditionOf(tenant, 'DataStoreReady')).toMatchObject({ status: 'True' });
    expect(conditionOf(tenant, 'CertificatesReady')).toMatchObject({ status: 'True' });
    expect(conditionOf(tenant, 'WorkloadReady')).toMatchObject({
      status: 'False',
      reason: 'ApiServerStarting',
    });
    expect(
      await cluster.client.get(secrets, { namespace: 'team-a', name: 'first-kubeconfig' }),
    ).toBeDefined();
    expect(await storeUsers()).toContain(status?.runtimeId);
  });

  it.each([
    ['Service', services, (id: string) => id],
    ['Deployment', deployments, (id: string) => id],
    ['certificates', secrets, (id: string) => `${id}-certificates`],
    ['datastore access', secrets, (id: string) => `${id}-datastore`],
    ['configuration', configMaps, (id: string) => `${id}-config`],
  ] as [string, Resource, (id: string) => string][])(
    'puts back its %s when it is deleted',
    async (kind, resource, nameOf) => {
      const tenant = await born(`drift-${kind.replace(' ', '-').toLowerCase()}`, 'team-a');
      const ref = { namespace: 'marina-tenants', name: nameOf(tenant.status?.runtimeId ?? '') };
      const before = await cluster.client.get(resource, ref);

      await cluster.client.delete(resource, ref);

      await waitUntil(`${ref.name} is back`, async () => {
        const live = await cluster.client.get(resource, ref);
        return live !== undefined && live.metadata?.uid !== before?.metadata?.uid;
      });
    },
  );

  it('puts back a field that was edited by hand', async () => {
    const tenant = await born('edited', 'team-a');
    const ref = { namespace: 'marina-tenants', name: tenant.status?.runtimeId ?? '' };

    await cluster.client.patch(deployments, ref, { type: 'merge', body: { spec: { replicas: 5 } } });

    await waitUntil(
      'one replica again',
      async () => (await cluster.client.get(deployments, ref))?.spec?.replicas === 1,
    );
  });

  it('stops and says so when its roots vanish, and makes no new ones', async () => {
    const tenant = await born('rootless', 'team-a');
    const ref = { namespace: 'marina-tenants', name: `${tenant.status?.runtimeId}-roots` };
    const roots = await cluster.client.get(secrets, ref);

    await cluster.client.delete(secrets, ref);

    const stopped = await cluster.tenantWhere(
      tenant,
      (live) => conditionOf(live, 'CertificatesReady')?.reason === 'RootsMissing',
    );
    expect(conditionOf(stopped, 'Ready')).toMatchObject({ status: 'False', reason: 'RootsMissing' });
    expect(await cluster.client.get(secrets, ref)).toBeUndefined();

    await cluster.client.create(secrets, {
      metadata: { ...ref, labels: roots?.metadata?.labels },
      data: roots?.data,
    });

    await cluster.tenantWhere(tenant, (live) => conditionOf(live, 'CertificatesReady')?.status === 'True');
  });

  it('refuses roots that are another tenant’s', async () => {
    const [victim, other] = await Promise.all([born('victim', 'team-a'), born('other', 'team-b')]);
    const rootsOf = (tenant: TenantControlPlane) => ({
      namespace: 'marina-tenants',
      name: `${tenant.status?.runtimeId}-roots`,
    });
    const foreign = await cluster.client.get(secrets, rootsOf(other));

    await cluster.client.patch(secrets, rootsOf(victim), { type: 'merge', body: { data: foreign?.data } });

    await cluster.tenantWhere(
      victim,
      (live) => conditionOf(live, 'CertificatesReady')?.reason === 'RootsChanged',
    );
  });

  it('names the field of a pod-shaped setting that the API server refuses, and heals when it is taken back', async () => {
    const tenant = await cluster.create(
      aTenant(
        {
          controlPlane: {
            ...nodePort.controlPlane,
            deployment: { tolerations: [{ key: 'a', operator: 'Maybe' }] },
          },
        },
        { name: 'intolerant' },
      ),
    );

    const refused = await cluster.tenantWhere(
      tenant,
      (live) => conditionOf(live, 'WorkloadReady')?.reason === 'DeploymentInvalid',
    );
    expect(conditionOf(refused, 'WorkloadReady')?.message).toContain(
      'spec.controlPlane.deployment.tolerations[0].operator',
    );

    await cluster.client.patch(
      tenantControlPlanes,
      { name: 'intolerant', namespace: 'team-a' },
      { type: 'json', body: [{ op: 'remove', path: '/spec/controlPlane/deployment/tolerations' }] },
    );

    await cluster.tenantWhere(
      tenant,
      (live) => conditionOf(live, 'WorkloadReady')?.reason === 'ApiServerStarting',
    );
  });

  it('waits for a DataStore that does not exist yet', async () => {
    const tenant = await cluster.create(
      aTenant({ ...nodePort, dataStore: 'nowhere' }, { name: 'storeless' }),
    );

    const waiting = await cluster.tenantWhere(
      tenant,
      (live) => conditionOf(live, 'DataStoreReady') !== undefined,
    );
    expect(conditionOf(waiting, 'DataStoreReady')).toMatchObject({
      status: 'False',
      reason: 'DataStoreNotFound',
    });
  });

  it('leaves nothing when it is deleted, and nothing of its neighbour changes', async () => {
    const [leaving, staying] = await Promise.all([born('leaving', 'team-a'), born('staying', 'team-b')]);
    const before = await versionsOf(staying);

    await cluster.client.delete(tenantControlPlanes, { name: 'leaving', namespace: 'team-a' });
    await waitUntil('the object is gone', async () => {
      const live = await cluster.client.get(tenantControlPlanes, { name: 'leaving', namespace: 'team-a' });
      return live === undefined;
    });

    expect(await versionsOf(leaving)).toEqual([]);
    expect(
      await cluster.client.get(secrets, { namespace: 'team-a', name: 'leaving-kubeconfig' }),
    ).toBeUndefined();
    expect(await storeUsers()).not.toContain(leaving.status?.runtimeId);
    expect(await versionsOf(staying)).toEqual(before);
    expect(await storeUsers()).toContain(staying.status?.runtimeId);
  });

  it('gets everything anew when it is created again under the same name', async () => {
    const first = await born('phoenix', 'team-a');
    await cluster.client.delete(tenantControlPlanes, { name: 'phoenix', namespace: 'team-a' });
    await waitUntil('the object is gone', async () => {
      const live = await cluster.client.get(tenantControlPlanes, { name: 'phoenix', namespace: 'team-a' });
      return live === undefined;
    });

    const second = await born('phoenix', 'team-a');

    expect(second.status?.runtimeId).not.toBe(first.status?.runtimeId);
    expect(second.status?.rootsFingerprint).not.toBe(first.status?.rootsFingerprint);
  });

  async function born(name: string, namespace: string): Promise<TenantControlPlane> {
    const tenant = await cluster.create(aTenant(nodePort, { name, namespace }));
    return cluster.tenantWhere(
      tenant,
      (live) => conditionOf(live, 'WorkloadReady')?.reason === 'ApiServerStarting',
    );
  }

  async function storeUsers(): Promise<readonly string[]> {
    const client = etcdClient(cluster.etcd, cluster.etcd.root);
    try {
      return (await client.getUsers()).map((user) => user.name);
    } finally {
      client.close();
    }
  }

  /** `kind/name@version` of all that belongs to a tenant; a Deployment's status is its controller's, so its generation counts. */
  async function versionsOf(tenant: TenantControlPlane): Promise<readonly string[]> {
    const labelSelector = `marina.dev/runtime-id=${tenant.status?.runtimeId}`;
    const kinds: readonly Resource[] = [services, secrets, configMaps, deployments];
    const lists = await Promise.all(
      kinds.map((kind) => cluster.client.list(kind, { namespace: 'marina-tenants', labelSelector })),
    );
    return lists.flatMap(({ items }, index) =>
      items.map(
        (item) =>
          `${kinds[index]?.kind}/${item.metadata?.name}@${item.metadata?.generation ?? item.metadata?.resourceVersion}`,
      ),
    );
  }
});

function conditionOf(tenant: TenantControlPlane, type: string) {
  return findCondition(tenant.status?.conditions, type);
}
