import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type TenantControlPlane, tenantControlPlanes } from '../../src/api/v1alpha1/tenant-control-plane.ts';
import { findCondition } from '../../src/engine/conditions.ts';
import { namespaces } from '../../src/kube/resources.ts';
import { httpsStatus } from '../support/https.ts';
import { type ManagementCluster, startManagementCluster } from '../support/management-cluster.ts';
import { type Machine, onMachine } from '../support/process-kubelet.ts';
import { aTenant } from '../support/tenant.ts';
import { waitUntil } from '../support/wait-until.ts';

describe('a control plane whose API server is a process', () => {
  let cluster: ManagementCluster;
  let machine: Machine;
  let stopMarina: () => Promise<void>;

  beforeAll(async () => {
    cluster = await startManagementCluster();
    machine = await cluster.startMachine();
    stopMarina = await cluster.startMarina({ resyncMs: 2000 });
  }, 60_000);

  afterAll(async () => {
    await stopMarina();
    await cluster[Symbol.asyncDispose]();
  }, 60_000);

  it('becomes Ready, serves its admin, and is gone with its process when it is deleted', async () => {
    const tenant = await ready('whole');

    const admin = await cluster.adminOf(tenant);
    expect(await admin.get(namespaces, { name: 'kube-system' })).toBeDefined();
    await admin.close();
    expect(tenant.status?.version).toBe('v1.36.3');
    const [pod] = machine.podsOf(tenant);
    expect(pod).toMatchObject({ ready: true, restartCount: 0, pid: expect.any(Number) });

    await cluster.client.delete(tenantControlPlanes, { name: 'whole', namespace: 'team-a' });

    await waitUntil('the tenant is gone', async () => {
      return !(await cluster.client.get(tenantControlPlanes, { name: 'whole', namespace: 'team-a' }));
    });
    expect(machine.podsOf(tenant)).toEqual([]);
    expect(() => process.kill(pod?.pid ?? 0, 0)).toThrow('ESRCH');
  });

  it('is started again after a crash, and says so', async () => {
    const tenant = await ready('crashing');

    await machine.kill(tenant);

    await waitUntil('it runs again', async () => machine.podsOf(tenant)[0]?.ready);
    expect(machine.podsOf(tenant)).toMatchObject([{ restartCount: 1 }]);
    await cluster.tenantWhere(tenant, isReady);
  });

  it('is not Ready while its process stands still', async () => {
    const tenant = await ready('standing');

    machine.pause(tenant);
    await cluster.tenantWhere(tenant, (live) => !isReady(live));

    machine.resume(tenant);
    await cluster.tenantWhere(tenant, isReady);
  });

  it('waits for a machine that takes no pods, and says so', async () => {
    machine.cordon();
    const tenant = await cluster.create(aTenant(onMachine, { name: 'homeless' }));
    await cluster.tenantWhere(
      tenant,
      (live) => findCondition(live.status?.conditions, 'WorkloadReady')?.reason === 'Unschedulable',
    );

    machine.uncordon();

    await cluster.tenantWhere(tenant, isReady);
  });

  it('goes over to new pods without a moment of refused connections', async () => {
    const tenant = await ready('rolling');
    const before = machine.podsOf(tenant)[0]?.name;
    const url = `https://${tenant.status?.controlPlaneEndpoint}/livez`;

    const body = { spec: { controlPlane: { deployment: { extraArgs: { apiServer: ['--v=1'] } } } } };
    await cluster.client.patch(
      tenantControlPlanes,
      { name: 'rolling', namespace: 'team-a' },
      { type: 'merge', body },
    );

    await waitUntil('another pod serves alone', async () => {
      expect(await httpsStatus(url, { rejectUnauthorized: false })).toBe(200);
      const pods = machine.podsOf(tenant);
      return pods.length === 1 && pods[0]?.name !== before;
    });
  });

  it('is only said to run where nothing is asked of it, and goes as it came', async () => {
    await machine[Symbol.asyncDispose]();
    machine = await cluster.startMachine({ processes: [] });
    const tenant = await cluster.create(aTenant(onMachine, { name: 'said' }));

    const live = await cluster.tenantWhere(tenant, ({ status }) => status?.readyReplicas === 1);
    await waitUntil('all its programs are said to be ready', () =>
      Promise.resolve(machine.podsOf(tenant).every(({ ready }) => ready)),
    );
    expect(machine.podsOf(tenant)).toMatchObject([{ ready: true, pid: undefined }]);
    expect(isReady(live)).toBe(false);

    await cluster.client.delete(tenantControlPlanes, { name: 'said', namespace: 'team-a' });
    await waitUntil('the tenant is gone', async () => {
      return !(await cluster.client.get(tenantControlPlanes, { name: 'said', namespace: 'team-a' }));
    });
  });

  async function ready(name: string): Promise<TenantControlPlane> {
    return cluster.tenantWhere(await cluster.create(aTenant(onMachine, { name })), isReady);
  }
});

function isReady(tenant: TenantControlPlane): boolean {
  return findCondition(tenant.status?.conditions, 'Ready')?.status === 'True';
}
