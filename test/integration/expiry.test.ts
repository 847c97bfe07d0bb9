import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type TenantControlPlane, tenantControlPlanes } from '../../src/api/v1alpha1/tenant-control-plane.ts';
import { findCondition } from '../../src/engine/conditions.ts';
import { events, services } from '../../src/kube/resources.ts';
import { type ManagementCluster, startManagementCluster } from '../support/management-cluster.ts';
import { aTenant } from '../support/tenant.ts';
import { waitUntil } from '../support/wait-until.ts';

const ref = { namespace: 'team-a', name: 'preview' };

describe('a control plane with a lifetime', () => {
  const stack = new AsyncDisposableStack();
  let cluster: ManagementCluster;
  let tenant: TenantControlPlane;

  beforeAll(async () => {
    cluster = stack.use(await startManagementCluster());
    stack.defer(await cluster.startMarina());
    const service = { serviceType: 'NodePort' as const };
    tenant = await cluster.create(aTenant({ expiresAfter: '8h', controlPlane: { service } }, ref));
  }, 120_000);

  afterAll(() => stack.disposeAsync());

  it('says when it goes; another lifetime says another time, and none says none', async () => {
    const born = Date.parse(tenant.metadata?.creationTimestamp ?? '');
    const isIn = (hours: number) => new Date(born + hours * 3_600_000).toISOString().replace('.000', '');
    await cluster.tenantWhere(tenant, ({ status }) => status?.expiresAt === isIn(8));

    await edit({ expiresAfter: '1d' });
    await cluster.tenantWhere(tenant, ({ status }) => status?.expiresAt === isIn(24));

    await edit({ expiresAfter: null });
    await cluster.tenantWhere(
      tenant,
      ({ status, metadata }) =>
        status?.expiresAt === undefined && status?.observedGeneration === metadata?.generation,
    );
  });

  it('is warned of its end, is spared when it is prolonged, and is deleted when it is not', async () => {
    await edit({ expiresAfter: '1m' });
    const warned = await whereWithin(80_000, ({ status }) => isExpiring(status));
    const told = await waitUntil('an Event tells of it', async () => {
      const { items } = await cluster.client.list(events, { namespace: ref.namespace });
      return items.find(({ reason }) => reason === 'ExpiresSoon');
    });
    expect(told.message).toContain(warned.status?.expiresAt ?? 'no time');

    await edit({ expiresAfter: '2m' });
    await whereWithin(10_000, ({ status }) => !isExpiring(status));

    await edit({ expiresAfter: '1m' });
    await waitUntil('it is gone', async () => !(await cluster.client.get(tenantControlPlanes, ref)), 60_000);
    const selector = {
      namespace: 'marina-tenants',
      labelSelector: 'marina.dev/tenant-control-plane=preview',
    };
    expect((await cluster.client.list(services, selector)).items).toEqual([]);
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(tenant.metadata?.creationTimestamp ?? '') + 60_000);
  }, 180_000);

  async function edit(spec: object): Promise<void> {
    await cluster.client.patch(tenantControlPlanes, ref, { type: 'merge', body: { spec } });
  }

  async function whereWithin(timeoutMs: number, accept: (tenant: TenantControlPlane) => boolean) {
    const ask = async () => {
      const live = await cluster.client.get(tenantControlPlanes, ref);
      return live && accept(live) && live;
    };
    return await waitUntil('the control plane is as expected', ask, timeoutMs);
  }
});

function isExpiring(status: TenantControlPlane['status']): boolean {
  return findCondition(status?.conditions, 'Expiring')?.status === 'True';
}
