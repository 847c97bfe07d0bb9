import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { tenantControlPlanes } from '../../src/api/v1alpha1/tenant-control-plane.ts';
import { configMaps, nodes } from '../../src/kube/resources.ts';
import {
  conditionOf,
  containerWorkers,
  isReady,
  type LocalCluster,
  openLocalCluster,
} from '../support/local-cluster.ts';

const worker = 'worker-truth';
const brokenPatch = { op: 'test', path: '/cgroupDriver', value: 'something else' };

describe('Ready', () => {
  let cluster: LocalCluster;

  beforeAll(async () => {
    cluster = await openLocalCluster({ name: 'truth' });
  }, 60_000);

  afterAll(async () => {
    await cluster.environment.removeWorker(worker);
    await cluster[Symbol.asyncDispose]();
  }, 180_000);

  it('turns True when a machine can join, which then does with the line that a tenant is given', async () => {
    await cluster.environment.startWorker(worker);
    await cluster.createTenant('truth');

    await cluster.tenantWhere('truth', isReady);
    const tenant = await cluster.tenantClient('truth');
    await cluster.environment.joinWorker(worker, 'truth');

    expect((await tenant.get(nodes, { name: worker }))?.status?.conditions).toContainEqual(
      expect.objectContaining({ type: 'Ready', status: 'True' }),
    );
  }, 240_000);

  it('goes False over a kubelet patch that does not apply, names it, and comes back when it is taken away', async () => {
    const ref = { namespace: cluster.namespace, name: 'truth' };
    const patches = containerWorkers.kubernetes.kubelet.configurationPatches;
    const setPatches = (configurationPatches: readonly object[]) =>
      cluster.client.patch(tenantControlPlanes, ref, {
        type: 'merge',
        body: { spec: { kubernetes: { kubelet: { configurationPatches } } } },
      });

    await setPatches([...patches, brokenPatch]);

    const refused = await cluster.tenantWhere(
      'truth',
      (tenant) => conditionOf(tenant, 'BootstrapReady')?.reason === 'PatchFailed',
    );
    expect(conditionOf(refused, 'Ready')?.status).toBe('False');
    expect(conditionOf(refused, 'BootstrapReady')?.message).toContain(
      'spec.kubernetes.kubelet.configurationPatches[3]',
    );

    await setPatches(patches);

    await cluster.tenantWhere('truth', isReady);
  }, 240_000);

  it('goes False over a bootstrap object that was broken by hand, names it, and comes back when it is healed', async () => {
    const tenant = await cluster.tenantClient('truth');
    const clusterInfo = { namespace: 'kube-public', name: 'cluster-info' };
    const before = await tenant.get(configMaps, clusterInfo);
    const seen: string[] = [];

    await tenant.patch(configMaps, clusterInfo, { type: 'merge', body: { data: { kubeconfig: 'broken' } } });

    await cluster.tenantWhere('truth', (live) => {
      const ready = conditionOf(live, 'Ready');
      if (ready?.status === 'False') seen.push(ready.message);
      return seen.length > 0 && isReady(live);
    });
    expect(seen[0]).toContain('ConfigMap kube-public/cluster-info');
    expect((await tenant.get(configMaps, clusterInfo))?.data?.['kubeconfig']).toBe(
      before?.data?.['kubeconfig'],
    );
  }, 240_000);
});
