import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type TenantControlPlane, tenantControlPlanes } from '../../src/api/v1alpha1/tenant-control-plane.ts';
import { findCondition } from '../../src/engine/conditions.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { type KubeObject, type ObjectRef, refOfKey, type Resource } from '../../src/kube/resource.ts';
import { configMaps, deployments, namespaces } from '../../src/kube/resources.ts';
import { type ManagementCluster, startManagementCluster } from '../support/management-cluster.ts';
import { type Machine, onMachine } from '../support/process-kubelet.ts';
import { aTenant } from '../support/tenant.ts';
import { waitUntil } from '../support/wait-until.ts';

const admission = 'admissionregistration.k8s.io/v1';
const resourceQuotas: Resource<KubeObject & { spec?: object; status?: object }> = {
  apiVersion: 'v1',
  kind: 'ResourceQuota',
  plural: 'resourcequotas',
  namespaced: true,
};
const webhooks: Resource<KubeObject & { webhooks?: object[] }> = {
  apiVersion: admission,
  kind: 'ValidatingWebhookConfiguration',
  plural: 'validatingwebhookconfigurations',
  namespaced: false,
};
const policies: Resource<KubeObject & { spec?: object }> = {
  apiVersion: admission,
  kind: 'ValidatingAdmissionPolicy',
  plural: 'validatingadmissionpolicies',
  namespaced: false,
};
const policyBindings: Resource<KubeObject & { spec?: object }> = {
  ...policies,
  kind: 'ValidatingAdmissionPolicyBinding',
  plural: 'validatingadmissionpolicybindings',
};

const clusterInfo = refOfKey('kube-public/cluster-info');
const kubeadmConfig = refOfKey('kube-system/kubeadm-config');
const coreDNS = refOfKey('kube-system/coredns');
const finalizer = 'example.com/trap';
const everything = { apiGroups: ['*'], apiVersions: ['*'], resources: ['*/*'], operations: ['*'] };

describe('a tenant whose admin sets traps inside it', () => {
  let cluster: ManagementCluster;
  let machine: Machine;
  let stopMarina: () => Promise<void>;
  let tenant: TenantControlPlane;
  let bystander: TenantControlPlane;
  let admin: KubeClient;

  beforeAll(async () => {
    cluster = await startManagementCluster();
    machine = await cluster.startMachine();
    stopMarina = await cluster.startMarina({ resyncMs: 1500 });
    [tenant, bystander] = await Promise.all([born('trapped'), born('bystander')]);
    admin = await cluster.adminOf(tenant);
  }, 120_000);

  afterAll(async () => {
    await admin.close();
    await stopMarina();
    await cluster[Symbol.asyncDispose]();
  }, 60_000);

  it('is not Ready while a webhook that nobody serves stands before every write, and then is', async () => {
    await setWebhook();
    await notReady(/failed calling webhook/);
    await admin.delete(webhooks, { name: 'wall' });
    await readyAgain();
  });

  it('is not Ready while a policy denies every write, and then is', async () => {
    await setPolicy();
    await notReady(/denied request/);
    await admin.delete(policyBindings, { name: 'wall' });
    await readyAgain();
  });

  it('is not Ready while cluster-info waits for a finalizer, and then is', async () => {
    await setFinalizer(configMaps, clusterInfo);
    await admin.delete(configMaps, clusterInfo);
    await notReady(/cluster-info.*waits for its finalizers: example\.com\/trap/);
    await admin.patch(configMaps, clusterInfo, { type: 'merge', body: { metadata: { finalizers: null } } });
    await readyAgain();
  });

  it('is Ready with an addon that waits for a finalizer, and says which', async () => {
    await setFinalizer(deployments, coreDNS);
    await admin.delete(deployments, coreDNS);
    const live = await cluster.tenantWhere(tenant, ({ status }) =>
      /coredns.*waits for its finalizers/.test(
        findCondition(status?.conditions, 'AddonsReady')?.message ?? '',
      ),
    );
    expect(findCondition(live.status?.conditions, 'Ready')?.status).toBe('True');
    await admin.patch(deployments, coreDNS, { type: 'merge', body: { metadata: { finalizers: null } } });
    await readyAgain();
  });

  it('is not Ready while a quota of none keeps cluster-info from coming back, and then is', async () => {
    await setQuota();
    await admin.delete(configMaps, clusterInfo);
    await notReady(/cluster-info.*exceeded quota/);
    await admin.delete(resourceQuotas, { namespace: 'kube-public', name: 'none' });
    await readyAgain();
  });

  it('stays Ready beside a namespace that never goes away', async () => {
    await admin.create(namespaces, { metadata: { name: 'stuck', finalizers: [finalizer] } });
    await admin.delete(namespaces, { name: 'stuck' });

    // Looks go on, and what they find is put right.
    await admin.delete(configMaps, kubeadmConfig);
    await waitUntil('kubeadm-config is back', () => admin.get(configMaps, kubeadmConfig));
    await readyAgain();
    expect((await admin.get(namespaces, { name: 'stuck' }))?.metadata?.deletionTimestamp).toBeDefined();
  });

  it('has done nothing to its neighbour by all that', async () => {
    const ref = { namespace: 'team-a', name: 'bystander' };
    expect(await cluster.client.get(tenantControlPlanes, ref)).toEqual(bystander);
  });

  it('is deleted as any other, with every trap set', async () => {
    await setFinalizer(configMaps, clusterInfo);
    await setFinalizer(deployments, coreDNS);
    await Promise.all([admin.delete(configMaps, clusterInfo), admin.delete(deployments, coreDNS)]);
    await setQuota();
    await setPolicy();
    await setWebhook();

    await cluster.client.delete(tenantControlPlanes, { namespace: 'team-a', name: 'trapped' });

    await waitUntil('it is gone', async () => {
      return !(await cluster.client.get(tenantControlPlanes, { namespace: 'team-a', name: 'trapped' }));
    });
    expect(machine.podsOf(tenant)).toEqual([]);
  });

  async function born(name: string): Promise<TenantControlPlane> {
    return cluster.tenantWhere(await cluster.create(aTenant(onMachine, { name })), isSettled);
  }

  async function setWebhook(): Promise<void> {
    await admin.create(webhooks, {
      metadata: { name: 'wall' },
      webhooks: [
        {
          name: 'wall.example.com',
          clientConfig: { url: 'https://127.0.0.1:9/' },
          rules: [everything],
          failurePolicy: 'Fail',
          sideEffects: 'None',
          admissionReviewVersions: ['v1'],
        },
      ],
    });
  }

  async function setPolicy(): Promise<void> {
    if (!(await admin.get(policies, { name: 'wall' }))) {
      const validations = [{ expression: 'false' }];
      await admin.create(policies, {
        metadata: { name: 'wall' },
        spec: { matchConstraints: { resourceRules: [everything] }, validations },
      });
    }
    await admin.create(policyBindings, {
      metadata: { name: 'wall' },
      spec: { policyName: 'wall', validationActions: ['Deny'] },
    });
  }

  /** Of no ConfigMap more; the quota controller’s part is done by hand. */
  async function setQuota(): Promise<void> {
    const hard = { 'count/configmaps': '0' };
    const metadata = { namespace: 'kube-public', name: 'none' };
    await admin.create(resourceQuotas, { metadata, spec: { hard } });
    const body = { status: { hard, used: hard } };
    await admin.patch(resourceQuotas, metadata, { type: 'merge', body }, { subresource: 'status' });
  }

  async function setFinalizer(resource: Resource, ref: ObjectRef): Promise<void> {
    await admin.patch(resource, ref, { type: 'merge', body: { metadata: { finalizers: [finalizer] } } });
  }

  async function notReady(message: RegExp): Promise<void> {
    await cluster.tenantWhere(tenant, ({ status }) => {
      const ready = findCondition(status?.conditions, 'Ready');
      return ready?.reason === 'ApplyFailed' && message.test(ready.message);
    });
  }

  async function readyAgain(): Promise<void> {
    await cluster.tenantWhere(tenant, isSettled);
  }
});

function isSettled({ status }: TenantControlPlane): boolean {
  return ['Ready', 'AddonsReady', 'WorkloadReady'].every(
    (type) => findCondition(status?.conditions, type)?.status === 'True',
  );
}
