import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type TenantControlPlane, tenantControlPlanes } from '../../src/api/v1alpha1/tenant-control-plane.ts';
import type { StorageBudget } from '../../src/api/v1alpha1/storage-budget.ts';
import { storageBudgetPolicy } from '../../src/controlplane/names.ts';
import { findCondition } from '../../src/engine/conditions.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { isKubeError } from '../../src/kube/errors.ts';
import { type KubeObject, refOf, type Resource } from '../../src/kube/resource.ts';
import {
  configMaps,
  type Deployment,
  deployments,
  leases,
  namespaces,
  nodes,
  validatingAdmissionPolicies,
  validatingAdmissionPolicyBindings,
} from '../../src/kube/resources.ts';
import { type ManagementCluster, startManagementCluster } from '../support/management-cluster.ts';
import { type PostgresServer, startPostgres } from '../support/postgres.ts';
import { onMachine } from '../support/process-kubelet.ts';
import { aTenant } from '../support/tenant.ts';
import { waitUntil } from '../support/wait-until.ts';

jest.setTimeout(180_000);

const started = new AsyncDisposableStack();
let cluster: ManagementCluster;
let postgres: PostgresServer;

beforeAll(async () => {
  cluster = started.use(await startManagementCluster());
  postgres = started.use(await startPostgres());
  await cluster.addDataStore('postgres', { driver: 'postgres', ...postgres });
  await cluster.startMachine({ processes: ['kube-apiserver', 'kine'] });
  started.defer(await cluster.startMarina());
}, 180_000);

afterAll(() => started.disposeAsync());

describe.each(['default', 'postgres'])('a cluster with a storage budget, on DataStore %s', (dataStore) => {
  const own = new AsyncDisposableStack();
  let tenant: TenantControlPlane;
  let admin: KubeClient;
  let neighbour: KubeClient;

  beforeAll(async () => {
    const [one, other] = await Promise.all([
      cluster.create(aTenant({ ...onMachine, dataStore }, { name: `spender-${dataStore}` })),
      cluster.create(aTenant({ ...onMachine, dataStore }, { name: `neighbour-${dataStore}` })),
    ]);
    tenant = await cluster.tenantWhere(one, isReady);
    admin = await cluster.adminOf(tenant);
    own.defer(() => admin.close());
    neighbour = await cluster.adminOf(await cluster.tenantWhere(other, isReady));
    own.defer(() => neighbour.close());
  }, 180_000);

  afterAll(() => own.disposeAsync());

  it('is told how much of it is spent', async () => {
    await grant({ bytes: '64Mi', objects: 10_000 });
    const { status } = await cluster.tenantWhere(tenant, ({ status }) => status?.storageBudget !== undefined);
    expect(status?.storageBudget).toMatchObject({ enforcement: 'None', percent: expect.any(Number) });
    expect(status?.storageBudget?.objects).toBeGreaterThan(100);
    expect(status?.storageBudget?.bytes).toBeGreaterThan(100_000);
    expect(status?.storageBudget?.percent).toBeLessThan(10);
    await cluster.tenantWhere(tenant, (now) => conditionOf(now)?.status === 'True');
  });

  it('over it may do all that ends in less, or keeps nodes alive, and nothing that adds to it', async () => {
    for (const index of [1, 2, 3, 4, 5]) await admin.create(configMaps, large(index));
    await admin.create(configMaps, {
      metadata: { namespace: 'default', name: 'held', finalizers: ['example.com/one', 'example.com/two'] },
    });
    await admin.create(deployments, deployment(3));

    await grant({ bytes: '4Mi' });
    const over = await cluster.tenantWhere(
      tenant,
      ({ status }) => status?.storageBudget?.policyHash !== undefined,
    );
    expect(over.status?.storageBudget).toMatchObject({ enforcement: 'AdmissionPolicy' });
    await cluster.tenantWhere(tenant, (now) => conditionOf(now)?.reason === 'BudgetExceeded');
    const refusal = { code: 'Forbidden', message: expect.stringContaining('storage budget (4Mi)') };
    const isRefused = (error: unknown) => JSON.stringify(error).includes('Forbidden');
    await waitUntil('the policy is heeded', () =>
      admin.create(configMaps, small('probe'), { dryRun: true }).then(() => false, isRefused),
    );

    await expect(admin.create(namespaces, { metadata: { name: 'more' } })).rejects.toMatchObject(refusal);
    await expect(change(configMaps, 'large-1', { data: { more: 'x' } })).rejects.toMatchObject(refusal);
    await expect(change(deployments, 'app', { spec: { replicas: 4 } })).rejects.toMatchObject(refusal);
    await expect(scale(4)).rejects.toMatchObject(refusal);

    await scale(2);
    await change(deployments, 'app', { spec: { replicas: 1 } });
    await scale(0);
    await change(deployments, 'app', { status: { replicas: 0 } }, 'status');
    await change(configMaps, 'held', { metadata: { finalizers: ['example.com/two'] } });
    await admin.delete(configMaps, { namespace: 'default', name: 'held' });
    await change(configMaps, 'held', { metadata: { finalizers: [] } });
    await admin.create(nodes, { metadata: { name: 'joins' } });
    await change(nodes, 'joins', { metadata: { labels: { still: 'labelled' } } });
    await admin.create(leases, {
      metadata: { namespace: 'default', name: 'held' },
      spec: { holderIdentity: 'me' },
    });
    await admin.create(accessReviews, question);
    await neighbour.create(configMaps, small('unconcerned'));
  });

  it('finds its store shut when it removes the policy, and nobody else does', async () => {
    // It is as good as gone when it is about nothing.
    const selector = { spec: { matchResources: { objectSelector: { matchLabels: { of: 'nothing' } } } } };
    await change(validatingAdmissionPolicyBindings, storageBudgetPolicy, selector);
    await poke();

    const shut = await cluster.tenantWhere(tenant, (now) => readyReason(now) === 'WriteLimitEnforcedAtStore');
    expect(shut.status?.storageBudget).toMatchObject({ enforcement: 'Store', closures: 1 });
    expect(conditionOf(shut)).toMatchObject({ status: 'False', reason: 'WriteLimitEnforcedAtStore' });
    const brief = { timeoutMs: 3_000 };
    const lease = () => ({ ...small('not-now'), spec: { holderIdentity: String(Math.random()) } });
    await waitUntil('its store takes no writes', () =>
      admin.apply(leases, lease(), { ...brief, fieldManager: 'test' }).then(() => false, isDenied),
    );
    const deletion = admin.delete(configMaps, { namespace: 'default', name: 'large-1' }, brief);
    expect(await deletion.then(() => false, isDenied)).toBe(true);
    expect(await admin.get(configMaps, { namespace: 'default', name: 'large-1' })).toBeDefined();
    await neighbour.create(configMaps, small('still-unconcerned'));
  });

  it('is opened again so that it can delete, and is free when it has', async () => {
    await cluster.tenantWhere(tenant, ({ status }) => status?.storageBudget?.policyHash !== undefined);
    for (const index of [1, 2, 3, 4, 5])
      await admin.delete(configMaps, { namespace: 'default', name: `large-${index}` });
    await poke();

    const free = await cluster.tenantWhere(
      tenant,
      ({ status }) => status?.storageBudget?.enforcement === 'None',
    );
    expect(free.status?.storageBudget).not.toHaveProperty('closures');
    await waitUntil(
      'the policy is gone',
      async () => (await admin.get(validatingAdmissionPolicies, { name: storageBudgetPolicy })) === undefined,
    );
    await waitUntil('it can write', () =>
      admin.apply(configMaps, small('free'), { fieldManager: 'test' }).then(
        () => true,
        () => false,
      ),
    );
    await cluster.tenantWhere(tenant, isReady);
  });

  it('is held to nothing when there is no budget any more', async () => {
    await admin.create(configMaps, large(6));
    for (const index of [1, 2, 3, 4]) await admin.create(configMaps, large(index));
    await poke();
    await cluster.tenantWhere(tenant, ({ status }) => status?.storageBudget?.policyHash !== undefined);

    await grant(null);

    const free = await cluster.tenantWhere(tenant, ({ status }) => status?.storageBudget === undefined);
    expect(conditionOf(await cluster.tenantWhere(free, (now) => !conditionOf(now)))).toBeUndefined();
    expect(await admin.get(validatingAdmissionPolicies, { name: storageBudgetPolicy })).toBeUndefined();
    expect(await admin.get(validatingAdmissionPolicyBindings, { name: storageBudgetPolicy })).toBeUndefined();
  });

  it('goes on after a move that began while its store was shut', async () => {
    const to = dataStore === 'default' ? 'postgres' : 'default';
    await grant({ bytes: '4Mi' });
    await cluster.tenantWhere(tenant, ({ status }) => status?.storageBudget?.policyHash !== undefined);
    await admin.delete(validatingAdmissionPolicyBindings, { name: storageBudgetPolicy });
    await poke();
    await cluster.tenantWhere(tenant, ({ status }) => status?.storageBudget?.enforcement === 'Store');

    const body = { spec: { dataStore: to } };
    await cluster.client.patch(tenantControlPlanes, refOf(tenant), { type: 'merge', body });

    await cluster.tenantWhere(tenant, ({ status }) => status?.migration?.phase === 'Switched');
    await cluster.tenantWhere(tenant, ({ status }) => status?.migration?.phase === 'Complete');
    await grant({ bytes: '64Mi' });
    await cluster.tenantWhere(tenant, ({ status }) => status?.storageBudget?.enforcement === 'None');
    await waitUntil('it can write', () =>
      admin.apply(configMaps, small('moved'), { fieldManager: 'test' }).then(
        () => true,
        () => false,
      ),
    );
  });

  async function grant(storageBudget: StorageBudget | null): Promise<void> {
    const body = {
      spec: { storageBudget: storageBudget && { bytes: null, objects: null, ...storageBudget } },
    };
    await cluster.client.patch(tenantControlPlanes, refOf(tenant), { type: 'merge', body });
  }

  /** Has it looked at now. */
  async function poke(): Promise<void> {
    const body = { metadata: { annotations: { poked: String(Date.now()) } } };
    await cluster.client.patch(tenantControlPlanes, refOf(tenant), { type: 'merge', body });
  }

  async function change(
    resource: Resource,
    name: string,
    body: object,
    subresource?: 'status' | 'scale',
  ): Promise<KubeObject> {
    const ref = resource.namespaced ? { namespace: 'default', name } : { name };
    return await admin.patch(resource, ref, { type: 'merge', body }, { ...(subresource && { subresource }) });
  }

  async function scale(replicas: number): Promise<KubeObject> {
    return await change(deployments, 'app', { spec: { replicas } }, 'scale');
  }
});

const accessReviews: Resource = {
  apiVersion: 'authorization.k8s.io/v1',
  kind: 'SelfSubjectAccessReview',
  plural: 'selfsubjectaccessreviews',
  namespaced: false,
};

const question = { spec: { resourceAttributes: { verb: 'get', resource: 'pods' } } } as KubeObject;

/** By etcd with these words; kine keeps a write that its Postgres refuses until whoever sent it gives up. */
function isDenied(error: unknown): boolean {
  return (
    isKubeError(error, 'Timeout') || (error instanceof Error && error.message.includes('permission denied'))
  );
}

function small(name: string) {
  return { metadata: { namespace: 'default', name } };
}

function large(index: number) {
  return { ...small(`large-${index}`), data: { filling: 'x'.repeat(1_000_000) } };
}

function deployment(replicas: number): Deployment {
  const labels = { app: 'app' };
  const containers = [{ name: 'app', image: 'example.com/app' }];
  const template = { metadata: { labels }, spec: { containers } };
  return {
    metadata: { namespace: 'default', name: 'app' },
    spec: { replicas, selector: { matchLabels: labels }, template },
  };
}

function conditionOf({ status }: TenantControlPlane) {
  return findCondition(status?.conditions, 'WithinBudget');
}

function readyReason({ status }: TenantControlPlane): string | undefined {
  return findCondition(status?.conditions, 'Ready')?.reason;
}

function isReady({ status }: TenantControlPlane): boolean {
  return findCondition(status?.conditions, 'Ready')?.status === 'True';
}
