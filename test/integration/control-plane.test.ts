import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TenantControlPlane } from '../../src/api/v1alpha1/tenant-control-plane.ts';
import { tenantControlPlanes } from '../../src/api/v1alpha1/tenant-control-plane.ts';
import { findCondition } from '../../src/engine/conditions.ts';
import { secrets } from '../../src/kube/resources.ts';
import { etcdClient } from '../support/etcd-datastore.ts';
import { type ManagementCluster, startManagementCluster } from '../support/management-cluster.ts';
import { ownedVersions } from '../support/owned-versions.ts';
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
    const before = await ownedVersions(cluster.client, staying);

    await cluster.client.delete(tenantControlPlanes, { name: 'leaving', namespace: 'team-a' });
    await waitUntil('the object is gone', async () => {
      const live = await cluster.client.get(tenantControlPlanes, { name: 'leaving', namespace: 'team-a' });
      return live === undefined;
    });

    expect(await ownedVersions(cluster.client, leaving)).toEqual([]);
    expect(
      await cluster.client.get(secrets, { namespace: 'team-a', name: 'leaving-kubeconfig' }),
    ).toBeUndefined();
    expect(await storeUsers()).not.toContain(leaving.status?.runtimeId);
    expect(await ownedVersions(cluster.client, staying)).toEqual(before);
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
});

function conditionOf(tenant: TenantControlPlane, type: string) {
  return findCondition(tenant.status?.conditions, type);
}
