import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type TenantControlPlane, tenantControlPlanes } from '../../src/api/v1alpha1/tenant-control-plane.ts';
import { type KubeconfigTemplate, kubeconfigTemplates } from '../../src/api/v1alpha1/kubeconfig-template.ts';
import {
  type TenantKubeconfig,
  tenantKubeconfigs,
  type TenantKubeconfigSpec,
} from '../../src/api/v1alpha1/tenant-kubeconfig.ts';
import { findCondition } from '../../src/engine/conditions.ts';
import { ownGroup } from '../../src/kubeconfig/names.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { isKubeError } from '../../src/kube/errors.ts';
import { refOf } from '../../src/kube/resource.ts';
import {
  type ClusterRole,
  clusterRoleBindings,
  clusterRoles,
  configMaps,
  nodes,
  roleBindings,
  secrets,
} from '../../src/kube/resources.ts';
import { recordFigure } from '../support/figures.ts';
import {
  aKubeconfig,
  connectWith,
  createKubeconfig,
  fileOf,
  isIssued,
  kubeconfigWhere,
  readinessOf,
} from '../support/kubeconfigs.ts';
import { type ManagementCluster, startManagementCluster } from '../support/management-cluster.ts';
import { onMachine } from '../support/process-kubelet.ts';
import { aTenant } from '../support/tenant.ts';
import { waitUntil } from '../support/wait-until.ts';

jest.setTimeout(120_000);

/** What Kubernetes, kubeadm and Marina call those that they give rights to. */
const ownClients = [
  'front-proxy-client',
  'kube-apiserver-kubelet-client',
  'kubernetes-admin',
  'kubernetes-super-admin',
  'marina',
  'marina:kubeconfig:of-another',
];

const started = new AsyncDisposableStack();
let cluster: ManagementCluster;
let management: KubeClient;
let tenant: TenantControlPlane;
let admin: KubeClient;

beforeAll(async () => {
  cluster = started.use(await startManagementCluster());
  management = cluster.client;
  await cluster.startMachine();
  started.defer(await cluster.startMarina());
  tenant = await cluster.tenantWhere(await cluster.create(aTenant(onMachine)), isReady);
  admin = await cluster.adminOf(tenant);
  started.defer(() => admin.close());
  // Those of Kubernetes are put together by a controller that does not run here.
  await admin.create(clusterRoles, aRole('reader', ['get', 'list']));
  await admin.create(clusterRoles, aRole('writer', ['get', 'list', 'create']));
}, 180_000);

afterAll(() => started.disposeAsync());

describe('a TenantKubeconfig', () => {
  it('may do what its role says in the whole cluster and nothing else, until it is deleted', async () => {
    const beganMs = performance.now();
    const viewer = await issued(
      aKubeconfig({ user: 'vera', groups: ['auditors'], clusterRole: 'reader' }, { name: 'viewer' }),
    );
    const tookMs = performance.now() - beganMs;
    await using client = await bearerOf(viewer);

    await allowed(() => client.list(configMaps, { namespace: 'kube-system' }));
    await expect(client.list(secrets, { namespace: 'default' })).rejects.toMatchObject({ code: 'Forbidden' });
    await expect(client.create(configMaps, aConfigMap('x'))).rejects.toMatchObject({ code: 'Forbidden' });
    await expect(client.list(nodes)).rejects.toMatchObject({ code: 'Forbidden' });
    expect(tookMs).toBeLessThan(2_000);
    recordFigure('milliseconds from TenantKubeconfig to Ready', String(Math.round(tookMs)));

    const written = await fileOf(management, viewer);
    await gone(viewer);

    await forbidden(() => client.list(configMaps, { namespace: 'kube-system' }));
    expect(await admin.get(clusterRoleBindings, { name: ownGroup(viewer) })).toBeUndefined();
    expect(await fileOf(management, viewer)).toBeUndefined();
    expect(written).toContain('client-certificate-data');
  });

  it('with namespaces has its role there only', async () => {
    const developer = await issued(
      aKubeconfig(
        { user: 'dora', clusterRole: 'writer', namespaces: ['default', 'kube-public'] },
        { name: 'developer' },
      ),
    );
    await using client = await bearerOf(developer);

    await allowed(() => client.create(configMaps, aConfigMap('made-by-dora')));
    await expect(client.list(configMaps, { namespace: 'kube-system' })).rejects.toMatchObject({
      code: 'Forbidden',
    });

    await gone(developer);
    await forbidden(() => client.list(configMaps, { namespace: 'default' }));
    for (const namespace of ['default', 'kube-public']) {
      expect(await admin.get(roleBindings, { namespace, name: ownGroup(developer) })).toBeUndefined();
    }
  });

  it('without a role is a user with the tenant’s own rights for its name and groups', async () => {
    const group = 'release-engineers';
    await admin.create(clusterRoleBindings, {
      metadata: { name: 'of-the-tenant' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'reader' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: group }],
    });
    const plain = await issued(aKubeconfig({ user: 'rita', groups: [group] }, { name: 'plain' }));
    await using client = await bearerOf(plain);

    await allowed(() => client.list(configMaps, { namespace: 'default' }));
    await gone(plain);
    // This is what its documentation warns of.
    expect(await client.list(configMaps, { namespace: 'default' })).toBeDefined();
  });

  it('says what is missing inside the tenant, and is Ready when it is there', async () => {
    const early = await createKubeconfig(
      management,
      aKubeconfig({ clusterRole: 'view', namespaces: ['not-there'] }, { name: 'early' }),
    );
    await kubeconfigWhere(management, early, (now) => readinessOf(now)?.reason === 'NamespaceNotFound');
    const unknown = await createKubeconfig(
      management,
      aKubeconfig({ clusterRole: 'nobody' }, { name: 'unknown' }),
    );
    await kubeconfigWhere(management, unknown, (now) => readinessOf(now)?.reason === 'ClusterRoleNotFound');

    await gone(early);
    await gone(unknown);
  });

  it('does not touch a Secret that is somebody else’s, nor the admin kubeconfig', async () => {
    const theirs = await management.create(secrets, {
      metadata: { namespace: 'team-a', name: 'mine-kubeconfig' },
      data: { kubeconfig: 'bXkgb3du' },
    });
    const adminSecret = await management.get(secrets, { namespace: 'team-a', name: 'demo-kubeconfig' });
    const refused = [
      await createKubeconfig(management, aKubeconfig({ clusterRole: 'view' }, { name: 'mine' })),
      await createKubeconfig(management, aKubeconfig({ secretName: 'demo-kubeconfig' }, { name: 'greedy' })),
    ];
    for (const each of refused) {
      await kubeconfigWhere(management, each, (now) => readinessOf(now)?.reason === 'KubeconfigNotWritten');
      await gone(each);
    }

    expect(await management.get(secrets, refOf(theirs))).toMatchObject({
      metadata: theirs.metadata,
      data: theirs.data,
    });
    expect(await management.get(secrets, { namespace: 'team-a', name: 'demo-kubeconfig' })).toMatchObject({
      metadata: { resourceVersion: adminSecret?.metadata?.resourceVersion },
    });
  });

  it('keeps its Secret when a control plane gets its name, which has its own once that is free', async () => {
    const first = await issued(aKubeconfig({ secretName: 'late-kubeconfig' }, { name: 'first' }));
    const written = await fileOf(management, first);
    const late = await cluster.create(
      aTenant(
        { ...onMachine, controlPlane: { ...onMachine.controlPlane, deployment: { replicas: 0 } } },
        { name: 'late' },
      ),
    );
    await cluster.tenantWhere(
      late,
      ({ status }) =>
        findCondition(status?.conditions, 'CertificatesReady')?.reason === 'KubeconfigNotWritten',
    );
    expect(await fileOf(management, first)).toBe(written);

    await gone(first);
    const ofAdmin = await waitUntil('the admin kubeconfig is there', () =>
      management.get(secrets, { namespace: 'team-a', name: 'late-kubeconfig' }),
    );
    expect(Object.keys(ofAdmin.data ?? {})).toEqual(['value']);
    expect(ofAdmin.metadata?.ownerReferences).toBeUndefined();
    await management.delete(tenantControlPlanes, refOf(late));
  });

  it('is taken back even when somebody takes its finalizer off', async () => {
    const forced = await issued(aKubeconfig({ clusterRole: 'reader' }, { name: 'forced' }));
    const body = { metadata: { finalizers: null } };
    await management.patch(tenantKubeconfigs, refOf(forced), { type: 'merge', body });
    await gone(forced);

    const isTakenBack = async () => !(await admin.get(clusterRoleBindings, { name: ownGroup(forced) }));
    await waitUntil('its rights are gone', isTakenBack);
    await waitUntil('its Secret is gone', async () => (await fileOf(management, forced)) === undefined);
  });

  it('is renewed when its Secret is gone or spoilt, and ends when the first certificate would have', async () => {
    const first = await issued(aKubeconfig({ user: 'one', lifetimeSeconds: 3600 }, { name: 'mended' }));
    const ref = { namespace: 'team-a', name: first.status?.secret?.name ?? '' };
    await management.delete(secrets, ref);
    // A change of the wish has it looked at now; else the resync does.
    await poke(first, { lifetimeSeconds: 7200 });
    const second = await kubeconfigWhere(
      management,
      first,
      ({ status }) => status?.serial !== first.status?.serial,
    );

    expect(second.status?.notAfter).toBe(first.status?.notAfter);
    await using client = await bearerOf(second);
    await expect(client.list(configMaps, { namespace: 'default' })).rejects.toMatchObject({
      code: 'Forbidden',
    });
    await gone(second);
  });

  it.each([
    ['spec.user', { user: 'system:admin' }],
    ...ownClients.map((user): [string, Partial<TenantKubeconfigSpec>] => ['spec.user', { user }]),
    ['spec.groups[1]', { groups: ['fine', 'system:masters'] }],
    ['spec.groups[0]', { groups: ['marina:kubeconfig:of-another'] }],
    ['spec.groups[0]', { groups: ['kubeadm:cluster-admins'] }],
    ['spec.lifetimeSeconds', { lifetimeSeconds: 599 }],
    ['spec.secretName', { secretName: 'passwords' }],
    ['spec.namespaces', { namespaces: ['default'] }],
    ['spec.clusterRole', { clusterRole: '..' }],
  ])('is refused with the field %s in the message', async (field, spec) => {
    const refused = createKubeconfig(management, aKubeconfig(spec, { name: 'refused' }));
    await expect(refused).rejects.toMatchObject({ code: 'Invalid', message: expect.stringContaining(field) });
  });

  it.each(ownClients)('is not made by a template for %s either', async (user) => {
    const template = {
      metadata: { namespace: 'team-a', name: 'sly' },
      spec: { controlPlaneSelector: {}, template: { user } },
    };
    const refused = management.create(kubeconfigTemplates, template as KubeconfigTemplate);
    await expect(refused).rejects.toMatchObject({
      code: 'Invalid',
      message: expect.stringContaining('spec.template.user'),
    });
  });

  it('does not let be changed who it is for', async () => {
    const fixed = await createKubeconfig(
      management,
      aKubeconfig({ controlPlaneName: 'later' }, { name: 'fixed' }),
    );
    for (const change of [
      { user: 'other' },
      { groups: ['more'] },
      { clusterRole: 'view' },
      { secretName: 'b-kubeconfig' },
    ]) {
      await expect(poke(fixed, change)).rejects.toMatchObject({
        code: 'Invalid',
        message: expect.stringContaining('is immutable'),
      });
    }
    await kubeconfigWhere(management, fixed, (now) => readinessOf(now)?.reason === 'TenantNotFound');
    await gone(fixed);
  });

  it('goes with its control plane, and needs nobody to answer for that', async () => {
    const other = await cluster.tenantWhere(
      await cluster.create(aTenant(onMachine, { name: 'short-lived' })),
      isReady,
    );
    const orphan = await issued(
      aKubeconfig({ controlPlaneName: 'short-lived', clusterRole: 'cluster-admin' }, { name: 'orphan' }),
    );
    await management.delete(tenantControlPlanes, refOf(other));

    await waitUntil(
      'it is gone',
      async () => !(await management.get(tenantKubeconfigs, refOf(orphan))),
      60_000,
    );
    expect(await fileOf(management, orphan)).toBeUndefined();
  });

  it('waits with its deletion until a tenant that is stopped can be told', async () => {
    const sleeper = await cluster.tenantWhere(
      await cluster.create(aTenant(onMachine, { name: 'sleeper' })),
      isReady,
    );
    const kept = await issued(
      aKubeconfig({ controlPlaneName: 'sleeper', clusterRole: 'view' }, { name: 'kept' }),
    );
    await scale(sleeper, 0);
    await cluster.tenantWhere(sleeper, ({ status }) => status?.replicas === 0);
    expect(isIssued(await kubeconfigWhere(management, kept, () => true))).toBe(true);

    await management.delete(tenantKubeconfigs, refOf(kept));
    await kubeconfigWhere(management, kept, (now) => readinessOf(now)?.reason === 'Stopped');
    await waitUntil('its Secret is gone', async () => (await fileOf(management, kept)) === undefined);

    await scale(sleeper, 1);
    await waitUntil(
      'it is gone',
      async () => !(await management.get(tenantKubeconfigs, refOf(kept))),
      60_000,
    );
    const client = await cluster.adminOf(sleeper);
    expect(await client.get(clusterRoleBindings, { name: ownGroup(kept) })).toBeUndefined();
    await client.close();
  });
});

async function issued(kubeconfig: TenantKubeconfig): Promise<TenantKubeconfig> {
  return kubeconfigWhere(management, await createKubeconfig(management, kubeconfig), isIssued);
}

async function gone(kubeconfig: TenantKubeconfig): Promise<void> {
  await management.delete(tenantKubeconfigs, refOf(kubeconfig));
  await waitUntil(
    `TenantKubeconfig ${kubeconfig.metadata?.name} is gone`,
    async () => !(await management.get(tenantKubeconfigs, refOf(kubeconfig))),
  );
}

async function bearerOf(kubeconfig: TenantKubeconfig): Promise<KubeClient & AsyncDisposable> {
  const file = (await fileOf(management, kubeconfig)) ?? '';
  const client = await connectWith(management, file, tenant);
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.close() });
}

/** The authorizer of an API server hears of bindings by a watch. */
async function allowed(call: () => Promise<unknown>): Promise<void> {
  await waitUntil('it is allowed', async () => (await refusalOf(call())) === 'none', 5_000);
}

async function forbidden(call: () => Promise<unknown>): Promise<void> {
  await waitUntil('it is forbidden', async () => (await refusalOf(call())) === 'Forbidden', 5_000);
}

async function refusalOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => 'none',
    (error: unknown) => (isKubeError(error) ? error.code : String(error)),
  );
}

async function poke(kubeconfig: TenantKubeconfig, spec: object): Promise<TenantKubeconfig> {
  return management.patch(tenantKubeconfigs, refOf(kubeconfig), { type: 'merge', body: { spec } });
}

async function scale(of: TenantControlPlane, replicas: number): Promise<void> {
  const body = { spec: { controlPlane: { deployment: { replicas } } } };
  await management.patch(tenantControlPlanes, refOf(of), { type: 'merge', body });
}

function aRole(name: string, verbs: string[]): ClusterRole {
  return { metadata: { name }, rules: [{ apiGroups: [''], resources: ['configmaps'], verbs }] };
}

function aConfigMap(name: string) {
  return { metadata: { namespace: 'default', name } };
}

function isReady({ status }: TenantControlPlane): boolean {
  return findCondition(status?.conditions, 'Ready')?.status === 'True';
}
