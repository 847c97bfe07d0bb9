import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type DataStore, dataStores } from '../../src/api/v1alpha1/data-store.ts';
import { type TenantControlPlane, tenantControlPlanes } from '../../src/api/v1alpha1/tenant-control-plane.ts';
import { findCondition } from '../../src/engine/conditions.ts';
import { events } from '../../src/kube/resources.ts';
import { recordFigure } from '../support/figures.ts';
import { type ManagementCluster, startManagementCluster } from '../support/management-cluster.ts';
import { type Machine, onMachine } from '../support/process-kubelet.ts';
import { aTenant } from '../support/tenant.ts';
import { waitUntil } from '../support/wait-until.ts';

describe('what is said of a control plane', () => {
  let cluster: ManagementCluster;
  let machine: Machine;
  let stopMarina: () => Promise<void>;

  beforeAll(async () => {
    cluster = await startManagementCluster();
    machine = await cluster.startMachine();
    stopMarina = await cluster.startMarina();
  });

  afterAll(async () => {
    await stopMarina();
    await cluster[Symbol.asyncDispose]();
  });

  it('follows a store that dies and comes back, also where nothing runs that would notice', async () => {
    const [running, stopped] = await Promise.all([
      cluster.create(aTenant(onMachine, { name: 'running' })),
      cluster.create(aTenant(asleep, { name: 'stopped' })),
    ]);
    await Promise.all([
      cluster.tenantWhere(running, says('Ready', 'True')),
      cluster.tenantWhere(stopped, says('DataStoreReady', 'True')),
    ]);

    const died = performance.now();
    await cluster.etcd.kill();
    const unhealthy = says('DataStoreReady', 'False', 'DataStoreUnhealthy');
    const during = await cluster.tenantWhere(running, unhealthy);
    await cluster.tenantWhere(stopped, unhealthy);
    recordFigure('all tenants of a dead store say so within', `${secondsSince(died)} s`);
    expect(findCondition(during.status?.conditions, 'Ready')).toMatchObject({
      status: 'False',
      reason: 'DataStoreUnhealthy',
      observedGeneration: during.metadata?.generation,
    });

    const back = performance.now();
    await cluster.etcd.start();
    await cluster.tenantWhere(running, says('Ready', 'True'));
    await cluster.tenantWhere(stopped, says('DataStoreReady', 'True'));
    recordFigure('all tenants of a store that is back say so within', `${secondsSince(back)} s`);

    const store = await cluster.client.get(dataStores, { name: 'default' });
    expect(await reasonsTold(store)).toEqual(['Healthy', 'Unhealthy']);
    expect((await reasonsTold(running)).filter((reason) => !atLoss.has(reason))).toEqual(['Ready']);
  });

  it('is of the specification that was acted on', async () => {
    const tenant = await cluster.create(aTenant(asleep, { name: 'changed' }));
    const settled = await cluster.tenantWhere(tenant, says('DataStoreReady', 'True'));
    await cluster.etcd.kill();
    await cluster.tenantWhere(tenant, says('DataStoreReady', 'False', 'DataStoreUnhealthy'));

    const body = { spec: { controlPlane: { deployment: { replicas: 1 } } } };
    await cluster.client.patch(tenantControlPlanes, refOf(tenant), { type: 'merge', body });

    const wished = (settled.metadata?.generation ?? 0) + 1;
    const during = await cluster.tenantWhere(tenant, ({ status }) => status?.observedGeneration === wished);
    expect(findCondition(during.status?.conditions, 'Ready')).toMatchObject({
      status: 'False',
      observedGeneration: wished,
    });
    expect(findCondition(during.status?.conditions, 'WorkloadReady')?.observedGeneration).toBe(wished - 1);

    await cluster.etcd.start();
    const after = await cluster.tenantWhere(tenant, says('Ready', 'True'));
    expect(after.status?.conditions?.map(({ observedGeneration }) => observedGeneration)).toEqual(
      after.status?.conditions?.map(() => wished),
    );
  });

  it('turns when the API server dies, and turns back', async () => {
    const tenant = await cluster.create(aTenant(onMachine, { name: 'mortal' }));
    await cluster.tenantWhere(tenant, says('Ready', 'True'));

    machine.pause(tenant);
    await cluster.tenantWhere(tenant, says('WorkloadReady', 'False', 'ApiServerNotReady'));
    const during = await cluster.tenantWhere(tenant, says('Ready', 'False'));
    expect(during.status).toMatchObject({ readyReplicas: 0, replicas: 1 });

    machine.resume(tenant);
    await cluster.tenantWhere(tenant, says('Ready', 'True'));
    await waitUntil('two Events say that', async () => {
      const told = await reasonsTold(tenant);
      return told.includes('Ready') && told.includes('ApiServerNotReady') && told.length === 2;
    });
  });

  async function reasonsTold(object: TenantControlPlane | DataStore | undefined): Promise<readonly string[]> {
    const { namespace = 'default', uid } = object?.metadata ?? {};
    const { items } = await cluster.client.list(events, {
      namespace,
      fieldSelector: `involvedObject.uid=${uid}`,
    });
    return items.map(({ reason = '' }) => reason).sort();
  }
});

/** A control plane of which nothing runs. */
const asleep = {
  ...onMachine,
  controlPlane: { ...onMachine.controlPlane, deployment: { replicas: 0 } },
} as const;

/** Reasons to lose Ready when the store dies; which of them is seen first is chance. */
const atLoss = new Set(['ApiServerNotReady', 'ApiServerStarting', 'DataStoreUnhealthy', 'CrashLoopBackOff']);

function says(type: string, status: 'True' | 'False', reason?: string) {
  return (tenant: TenantControlPlane): boolean => {
    const condition = findCondition(tenant.status?.conditions, type);
    return condition?.status === status && (reason === undefined || condition.reason === reason);
  };
}

function refOf({ metadata }: TenantControlPlane) {
  return { name: metadata?.name ?? '', namespace: metadata?.namespace };
}

function secondsSince(startedMs: number): number {
  return Math.round((performance.now() - startedMs) / 1000);
}
