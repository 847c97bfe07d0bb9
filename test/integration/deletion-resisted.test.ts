import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type TenantControlPlane, tenantControlPlanes } from '../../src/api/v1alpha1/tenant-control-plane.ts';
import { findCondition } from '../../src/engine/conditions.ts';
import { type KubeObject, refOf, type Resource } from '../../src/kube/resource.ts';
import { configMaps } from '../../src/kube/resources.ts';
import { type ManagementCluster, startManagementCluster } from '../support/management-cluster.ts';
import { findOrphans } from '../support/orphans.ts';
import { type Machine, onMachine } from '../support/process-kubelet.ts';
import { aTenant } from '../support/tenant.ts';
import { waitUntil } from '../support/wait-until.ts';

describe('the deletion of a control plane that resists', () => {
  let cluster: ManagementCluster;
  let machine: Machine;
  let stopMarina: () => Promise<void>;

  beforeAll(async () => {
    cluster = await startManagementCluster();
    machine = await cluster.startMachine();
    stopMarina = await cluster.startMarina();
  }, 120_000);

  afterAll(async () => {
    await stopMarina();
    await cluster[Symbol.asyncDispose]();
  }, 60_000);

  it('does not ask what lives inside the tenant: traps of finalizers, webhooks that refuse everything', async () => {
    const tenant = await ready('trapped');
    const admin = await cluster.adminOf(tenant);
    await admin.create(configMaps, {
      metadata: { name: 'trap', namespace: 'default', finalizers: ['example.com/hold'] },
    });
    await admin.create(webhooks, refusingEverything);
    await waitUntil('the webhook refuses', async () => {
      const answer = admin.create(configMaps, { metadata: { namespace: 'default', generateName: 'a-' } });
      return answer.then(
        () => false,
        (error: unknown) => String(error).includes('refuse.example.com'),
      );
    });
    await admin.close();

    await removeAndWait(tenant);
    expect(await findOrphans(cluster)).toEqual([]);
  }, 120_000);

  it('does not wait for an API server that hangs, though Marina waits for its answer at that moment', async () => {
    const tenant = await ready('hanging');
    machine.pause(tenant);
    // Makes Marina look inside, where its first call waits for 15 seconds.
    const configurationPatches = [{ op: 'add', path: '/metricsBindAddress', value: '127.0.0.1:10249' }];
    const body = { spec: { addons: { kubeProxy: { configurationPatches } } } };
    await cluster.client.patch(tenantControlPlanes, refOf(tenant), { type: 'merge', body });
    const since = performance.now();
    await waitUntil('Marina waits for it', () => Promise.resolve(performance.now() - since > 500));

    await removeAndWait(tenant, 13_000);
    expect(await findOrphans(cluster)).toEqual([]);
  }, 120_000);

  async function ready(name: string): Promise<TenantControlPlane> {
    const tenant = await cluster.create(aTenant(onMachine, { name }));
    const isReady = (live: TenantControlPlane) =>
      findCondition(live.status?.conditions, 'Ready')?.status === 'True';
    await waitUntil(
      `${name} is Ready`,
      async () => {
        const live = await cluster.client.get(tenantControlPlanes, refOf(tenant));
        return live !== undefined && isReady(live);
      },
      60_000,
    );
    return cluster.tenantWhere(tenant, isReady);
  }

  async function removeAndWait(tenant: TenantControlPlane, timeoutMs?: number): Promise<void> {
    await cluster.client.delete(tenantControlPlanes, refOf(tenant));
    await waitUntil(
      `${tenant.metadata?.name} is gone`,
      async () => !(await cluster.client.get(tenantControlPlanes, refOf(tenant))),
      timeoutMs,
    );
  }
});

const webhooks: Resource = {
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingWebhookConfiguration',
  plural: 'validatingwebhookconfigurations',
  namespaced: false,
};

/** It is asked for everything, does not exist, and nothing passes without its answer. */
const refusingEverything: KubeObject & { readonly webhooks: readonly object[] } = {
  metadata: { name: 'refuse' },
  webhooks: [
    {
      name: 'refuse.example.com',
      clientConfig: { url: 'https://127.0.0.1:1/' },
      rules: [{ apiGroups: ['*'], apiVersions: ['*'], resources: ['*/*'], operations: ['*'] }],
      failurePolicy: 'Fail',
      sideEffects: 'None',
      timeoutSeconds: 1,
      admissionReviewVersions: ['v1'],
    },
  ],
};
