import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type ControlPlaneQuota,
  controlPlaneQuotas,
  type ControlPlaneQuotaSpec,
} from '../../src/api/v1alpha1/control-plane-quota.ts';
import { type TenantControlPlane, tenantControlPlanes } from '../../src/api/v1alpha1/tenant-control-plane.ts';
import { findCondition } from '../../src/engine/conditions.ts';
import { isKubeError } from '../../src/kube/errors.ts';
import { deployments, resourceQuotas, services } from '../../src/kube/resources.ts';
import { type ManagementCluster, startManagementCluster } from '../support/management-cluster.ts';
import { aTenant } from '../support/tenant.ts';
import { waitUntil } from '../support/wait-until.ts';

/** One pod requests 30m without a size of its own. */
const nodePort = (replicas = 1) => ({
  controlPlane: { service: { serviceType: 'NodePort' as const }, deployment: { replicas } },
});

describe('a ControlPlaneQuota', () => {
  const stack = new AsyncDisposableStack();
  let cluster: ManagementCluster;

  beforeAll(async () => {
    cluster = stack.use(await startManagementCluster({ controllers: ['resourcequota-controller'] }));
    stack.defer(await cluster.startMarina());
  }, 120_000);

  afterAll(() => stack.disposeAsync());

  it('has the API server refuse one control plane more than there may be', async () => {
    await allow('team-a', 'count', { controlPlanes: 2 });
    await quotaWhere('team-a', 'count', ({ status }) => status?.hard?.controlPlanes === 2);
    // Until the API server has begun to count it takes none at all.
    await waitUntil(
      'the API server counts',
      async () => {
        try {
          return await create('team-a', 'first');
        } catch (error: unknown) {
          if (isKubeError(error, 'Forbidden') && error.message.includes('status unknown')) return undefined;
          throw error;
        }
        // It looks for new kinds every 30 seconds.
      },
      90_000,
    );
    await create('team-a', 'second');

    await expect(create('team-a', 'third')).rejects.toMatchObject({
      code: 'Forbidden',
      message: expect.stringContaining('count/tenantcontrolplanes.marina.dev=2'),
    });
    const { status } = await quotaWhere('team-a', 'count', ({ status }) => status?.used?.controlPlanes === 2);
    expect(status).toMatchObject({ hard: { controlPlanes: 2 }, waiting: [] });

    await cluster.client.delete(controlPlaneQuotas, { namespace: 'team-a', name: 'count' });
    await waitUntil('the API server counts no more', async () => {
      const ref = { namespace: 'team-a', name: 'marina-control-planes' };
      return !(await cluster.client.get(resourceQuotas, ref));
    });
    await where('team-a', 'first', ({ status }) => status?.admitted === undefined);
  }, 120_000);

  it('keeps a control plane from being born that there is no room for, and one from growing, until there is', async () => {
    await allow('team-b', 'cpu', { cpu: '70m' });
    await create('team-b', 'old');
    await create('team-b', 'young');
    await where('team-b', 'old', isLetIn);
    await where('team-b', 'young', isLetIn);

    await create('team-b', 'late');
    const late = await where('team-b', 'late', ({ status }) => status?.phase === 'Pending');
    expect(findCondition(late.status?.conditions, 'WithinQuota')).toMatchObject({
      status: 'False',
      reason: 'QuotaExceeded',
      message: expect.stringContaining('cpu: 60m of 70m in use, 30m more wanted'),
    });
    const selector = { namespace: 'marina-tenants', labelSelector: 'marina.dev/tenant-control-plane=late' };
    expect((await cluster.client.list(services, selector)).items).toEqual([]);

    await edit('old', { controlPlane: { deployment: { replicas: 2 } } });
    const old = await where('team-b', 'old', isShortOfQuota);
    expect(await replicasOf(old)).toBe(1);
    await quotaWhere('team-b', 'cpu', ({ status }) => status?.waiting?.join() === 'late,old');

    // The oldest comes first.
    await cluster.client.delete(tenantControlPlanes, { namespace: 'team-b', name: 'young' });
    const grown = await where('team-b', 'old', isLetIn);
    await waitUntil('it has grown', async () => (await replicasOf(grown)) === 2);
    expect((await where('team-b', 'late', isShortOfQuota)).status?.phase).toBe('Pending');

    await allow('team-b', 'cpu', { cpu: '100m' });
    await where('team-b', 'late', isLetIn);
    const { status } = await quotaWhere('team-b', 'cpu', ({ status }) => status?.used?.cpu === '90m');
    expect(status).toMatchObject({ hard: { cpu: '100m' }, waiting: [] });
  }, 60_000);

  it('that is the strictest of several counts, and takes nothing away', async () => {
    await allow('team-b', 'other', { cpu: '1', memory: '100Mi' });

    const { status } = await quotaWhere('team-b', 'other', ({ status }) => status?.used?.memory === '450Mi');
    expect(status?.hard).toEqual({ cpu: '100m', memory: '100Mi' });
    expect(await replicasOf(await where('team-b', 'old', isLetIn))).toBe(2);

    await edit('old', { controlPlane: { deployment: { replicas: 1 } } });
    const smaller = await where('team-b', 'old', ({ status }) => status?.admitted?.replicas === 1);
    await waitUntil('it has shrunk', async () => (await replicasOf(smaller)) === 1);
  });

  async function allow(namespace: string, name: string, hard: ControlPlaneQuotaSpec['hard']): Promise<void> {
    const { apiVersion, kind } = controlPlaneQuotas;
    const object = { apiVersion, kind, metadata: { namespace, name }, spec: { hard } };
    await cluster.client.apply(controlPlaneQuotas, object, { fieldManager: 'platform-team' });
  }

  async function create(namespace: string, name: string): Promise<TenantControlPlane> {
    return await cluster.create(aTenant(nodePort(), { namespace, name }));
  }

  async function edit(name: string, spec: object): Promise<void> {
    const patch = { type: 'merge', body: { spec } } as const;
    await cluster.client.patch(tenantControlPlanes, { namespace: 'team-b', name }, patch);
  }

  function where(namespace: string, name: string, accept: (tenant: TenantControlPlane) => boolean) {
    return cluster.tenantWhere(aTenant({}, { namespace, name }), accept);
  }

  async function replicasOf({ status }: TenantControlPlane): Promise<number | undefined> {
    const ref = { namespace: 'marina-tenants', name: status?.runtimeId ?? '' };
    return (await cluster.client.get(deployments, ref))?.spec?.replicas;
  }

  async function quotaWhere(
    namespace: string,
    name: string,
    accept: (quota: ControlPlaneQuota) => boolean,
  ): Promise<ControlPlaneQuota> {
    return await waitUntil(`quota ${name} is as expected`, async () => {
      const quota = await cluster.client.get(controlPlaneQuotas, { namespace, name });
      return quota && accept(quota) && quota;
    });
  }
});

function isLetIn({ status, metadata }: TenantControlPlane): boolean {
  const condition = findCondition(status?.conditions, 'WithinQuota');
  return (
    condition?.status === 'True' &&
    condition.observedGeneration === metadata?.generation &&
    findCondition(status?.conditions, 'DataStoreReady')?.status === 'True'
  );
}

function isShortOfQuota({ status }: TenantControlPlane): boolean {
  return findCondition(status?.conditions, 'WithinQuota')?.reason === 'QuotaExceeded';
}
