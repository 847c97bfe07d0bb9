import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Registry } from 'prom-client';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { backupStorages } from '../../src/api/v1alpha1/backup-storage.ts';
import {
  type KubeconfigTemplate,
  kubeconfigTemplates,
  type KubeconfigTemplateSpec,
} from '../../src/api/v1alpha1/kubeconfig-template.ts';
import { tenantBackups } from '../../src/api/v1alpha1/tenant-backup.ts';
import { type TenantControlPlane, tenantControlPlanes } from '../../src/api/v1alpha1/tenant-control-plane.ts';
import { type TenantKubeconfig, tenantKubeconfigs } from '../../src/api/v1alpha1/tenant-kubeconfig.ts';
import { tenantRestores } from '../../src/api/v1alpha1/tenant-restore.ts';
import { type Clock, systemClock } from '../../src/engine/clock.ts';
import { type Condition, findCondition } from '../../src/engine/conditions.ts';
import { EngineMetrics } from '../../src/engine/metrics.ts';
import { silentLog } from '../../src/engine/log.ts';
import { createCaches } from '../../src/controller/caches.ts';
import { TenantClients } from '../../src/controlplane/tenant-clients.ts';
import { buildBindings } from '../../src/kubeconfig/build.ts';
import { accessSelector, ownGroup } from '../../src/kubeconfig/names.ts';
import { TenantKubeconfigReconciler } from '../../src/kubeconfig/reconciler.ts';
import { StrayAccess } from '../../src/kubeconfig/stray-access.ts';
import { Informer } from '../../src/kube/informer.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { connect } from '../../src/kube/kubeconfig.ts';
import { keyOf, type KubeObject, refOf, type Resource } from '../../src/kube/resource.ts';
import {
  type ClusterRole,
  clusterRoleBindings,
  clusterRoles,
  configMaps,
  secrets,
} from '../../src/kube/resources.ts';
import { encodeData } from '../../src/kube/secret-data.ts';
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
import { runInformer } from '../support/running-informer.ts';
import { recordRequests } from '../support/request-recorder.ts';
import { createTemporaryDirectory } from '../support/temporary-directory.ts';
import { aTenant } from '../support/tenant.ts';
import { waitUntil } from '../support/wait-until.ts';

jest.setTimeout(120_000);

/** How Marina is told from the test on the way to the management cluster. */
const userAgent = 'marina-that-is-counted';
const started = new AsyncDisposableStack();
let cluster: ManagementCluster;
let management: KubeClient;
let counted: KubeClient;
let volume: string;
let tenant: TenantControlPlane;
let stopMarina: () => Promise<void>;

beforeAll(async () => {
  cluster = started.use(await startManagementCluster());
  management = cluster.client;
  volume = started.use(await createTemporaryDirectory('archives')).path;
  counted = await connect({ kubeconfig: cluster.apiserver.kubeconfig, userAgent });
  started.defer(() => counted.close());
  await cluster.startMachine();
  stopMarina = await start();
  started.defer(() => stopMarina());
  tenant = await cluster.tenantWhere(await createSelected('demo'), isReady);
  await inside(async (admin) => {
    await admin.create(clusterRoles, reader);
  });
}, 180_000);

afterAll(() => started.disposeAsync());

describe('a TenantKubeconfig over time', () => {
  it('is renewed at two thirds of its life where it wants to be, and the new certificate is taken', async () => {
    const first = await issued(
      aKubeconfig(
        { user: 'rhea', lifetimeSeconds: 600, renew: true, clusterRole: 'reader' },
        { name: 'renewed' },
      ),
    );
    await restart({ clock: ahead(301_000) });

    const second = await kubeconfigWhere(
      management,
      first,
      (now) => now.status?.serial !== first.status?.serial && isIssued(now),
    );
    const client = await connectWith(management, (await fileOf(management, second)) ?? '', tenant);
    await waitUntil('it is valid', () =>
      client.list(configMaps, { namespace: 'default' }).then(
        () => true,
        () => false,
      ),
    );
    await client.close();
    await gone(second);
    await restart();
  });

  it('ends where it does not: Secret and rights at once, the object an hour later', async () => {
    const brief = await issued(
      aKubeconfig({ lifetimeSeconds: 600, clusterRole: 'reader' }, { name: 'brief' }),
    );
    await restart({ clock: ahead(601_000) });

    const ended = await kubeconfigWhere(management, brief, (now) => readinessOf(now)?.reason === 'Expired');
    expect(await secretOf(brief)).toBeUndefined();
    expect(
      await inside((admin) => admin.get(clusterRoleBindings, { name: ownGroup(brief) })),
    ).toBeUndefined();
    expect(ended.status?.serial).toBe(brief.status?.serial);

    await restart({ clock: ahead(3_600_000 + 601_000) });
    await waitUntil('it is gone', async () => !(await management.get(tenantKubeconfigs, refOf(brief))));
    await restart();
  });

  it('says where its cluster is published now, with the certificate that it had', async () => {
    const moved = await issued(aKubeconfig({}, { name: 'moved' }));
    const before = await fileOf(management, moved);
    await change(tenantControlPlanes, 'demo', { spec: { networkProfile: { address: '192.0.2.99' } } });

    const isThere = async () => (await fileOf(management, moved))?.includes('server: "https://192.0.2.99:');
    await waitUntil('its file names the new address', isThere);
    await change(tenantControlPlanes, 'demo', { spec: { networkProfile: { address: null } } });
    await waitUntil('its file is as it was', async () => (await fileOf(management, moved)) === before);
    await gone(moved);
    tenant = await cluster.tenantWhere(tenant, isReady);
  });

  it('costs no write while nothing changes, and what was changed by hand is put right', async () => {
    const still = await issued(aKubeconfig({ clusterRole: 'reader' }, { name: 'still' }));
    const ref = { namespace: 'team-a', name: still.status?.secret?.name ?? '' };
    const before = await versionsOf(still);
    await stopMarina();
    using recorder = recordRequests();
    stopMarina = await start({ resyncMs: 500 });

    const looks = () => recorder.requests.filter(({ path }) => path.endsWith(`/secrets/${ref.name}`));
    await waitUntil('it was looked at three times', () => Promise.resolve(looks().length >= 3));
    expect(looks().every(({ isDryRun }) => isDryRun)).toBe(true);
    expect(await versionsOf(still)).toEqual(before);

    await inside((admin) => admin.delete(clusterRoleBindings, { name: ownGroup(still) }));
    await management.patch(secrets, ref, { type: 'merge', body: { data: { kubeconfig: null } } });
    await waitUntil('its file is there again', async () => (await fileOf(management, still)) !== undefined);
    await waitUntil('its rights are there again', () =>
      inside((admin) => admin.get(clusterRoleBindings, { name: ownGroup(still) })),
    );
    await gone(still);
    await restart();
  });
});

describe('a cache that has not seen the control plane', () => {
  it('leaves no rights of a kubeconfig that is deleted', async () => {
    const revoked = await issued(aKubeconfig({ clusterRole: 'reader' }, { name: 'unseen' }));
    await stopMarina();
    await management.delete(tenantKubeconfigs, refOf(revoked));
    await using blind = await startBlind();

    await waitUntil('it is gone', async () => {
      await blind.reconcile(keyOf(refOf(revoked)));
      return !(await management.get(tenantKubeconfigs, refOf(revoked)));
    });
    expect(
      await inside((admin) => admin.get(clusterRoleBindings, { name: ownGroup(revoked) })),
    ).toBeUndefined();
    stopMarina = await start();
  });
});

describe('a KubeconfigTemplate', () => {
  it('gives one to each control plane that it selects, and takes it away with label or template', async () => {
    await createSelected('second');
    await cluster.create(aTenant(onMachine, { name: 'unselected' }));
    const template = await management.create(kubeconfigTemplates, aTemplate('ci', { user: 'ci@{name}' }));

    const [ofDemo, ofSecond] = await Promise.all(['ci-demo', 'ci-second'].map((name) => whereIssued(name)));
    expect(ofDemo?.spec).toMatchObject({ controlPlaneName: 'demo', user: 'ci@demo', renew: true });
    expect(ofSecond?.spec.user).toBe('ci@second');
    expect(
      await management.get(tenantKubeconfigs, { namespace: 'team-a', name: 'ci-unselected' }),
    ).toBeUndefined();
    const complete = await templateWhere(template, ({ status }) => status?.ready === 2);
    expect(complete.status).toMatchObject({ selected: 2 });
    expect(reasonOf(complete)).toBe('AsExpected');

    await change(tenantControlPlanes, 'second', { metadata: { labels: { tier: null } } });
    await vanished('ci-second');
    await templateWhere(template, ({ status }) => status?.selected === 1 && status.ready === 1);

    await change(kubeconfigTemplates, 'ci', {
      spec: { template: { lifetimeSeconds: 7200, user: 'robot@{name}' } },
    });
    const remade = await whereIssued('ci-demo', ({ spec }) => spec.user === 'robot@demo');
    expect(remade.metadata?.uid).not.toBe(ofDemo?.metadata?.uid);
    expect(remade.spec.lifetimeSeconds).toBe(7200);

    await management.delete(kubeconfigTemplates, refOf(template));
    await vanished('ci-demo');
    expect(await secretOf(remade)).toBeUndefined();
  });

  it('says when what it asks for is refused, or a name is taken', async () => {
    const own = await createKubeconfig(management, aKubeconfig({}, { name: 'taken-demo' }));
    const taken = await management.create(kubeconfigTemplates, aTemplate('taken', { user: 'ci' }));
    await templateWhere(taken, (now) =>
      messageOf(now).includes('TenantKubeconfig taken-demo is not this template’s'),
    );
    await createSelected('system');
    const sly = await management.create(kubeconfigTemplates, aTemplate('sly', { user: '{name}:admin' }));
    await templateWhere(sly, (now) => messageOf(now).includes('must not begin with `system:`'));

    for (const each of [taken, sly]) await management.delete(kubeconfigTemplates, refOf(each));
    expect((await management.get(tenantKubeconfigs, refOf(own)))?.metadata?.uid).toBe(own.metadata?.uid);
    await gone(own);
  });
});

describe('a restore of the tenant', () => {
  it('brings back no rights that were taken back, and takes none that were given since', async () => {
    await createStorage();
    const revoked = await issued(aKubeconfig({ user: 'rolf', clusterRole: 'reader' }, { name: 'revoked' }));
    await create(tenantBackups, 'first', { tenantControlPlane: 'demo' });
    await settled(tenantBackups, 'first');
    await gone(revoked);
    const kept = await issued(aKubeconfig({ user: 'karl', clusterRole: 'reader' }, { name: 'kept' }));

    await create(tenantRestores, 'back', { source: { backup: 'first' }, tenantControlPlane: 'demo' });
    const { metadata } = await settled(tenantRestores, 'back');
    tenant = await cluster.tenantWhere(
      tenant,
      (now) => now.status?.restoredBy === metadata?.uid && isReady(now),
    );

    await waitUntil('what was taken back is', async () =>
      inside(async (admin) => !(await admin.get(clusterRoleBindings, { name: ownGroup(revoked) }))),
    );
    await waitUntil('what was given is', () =>
      inside((admin) => admin.get(clusterRoleBindings, { name: ownGroup(kept) })),
    );
    expect(isIssued(await kubeconfigWhere(management, kept, isIssued))).toBe(true);
    await gone(kept);
  });

  it('says so where more bindings are inside than are looked at', async () => {
    const bindings = Array.from({ length: 15 }, (_, index) => {
      const metadata = { uid: `0d9c3e0e-6a52-4d2a-8d0e-${String(index).padStart(12, '0')}` };
      return buildBindings(aKubeconfig({ clusterRole: 'reader' }, metadata));
    }).flat();
    await inside(async (admin) => {
      for (const each of bindings) await admin.apply(clusterRoleBindings, each, { fieldManager: 'test' });
    });
    await using seeing = await startCaches();
    const events: string[] = [];
    const search = new StrayAccess({
      ...seeing.dependencies,
      kubeconfigsOf: () => [],
      events: { record: (_regarding, type, reason) => void events.push(`${type} ${reason}`) },
      most: 10,
    });

    const { signal } = new AbortController();
    expect(await search.reconcile('team-a/demo', { signal })).toEqual({ kind: 'done' });
    expect(await search.reconcile('team-a/demo', { signal })).toEqual({ kind: 'done' });

    expect(events).toEqual(['Warning StrayAccessLeft']);
    const left = await inside((admin) => admin.list(clusterRoleBindings, { labelSelector: accessSelector }));
    expect(left.items).toHaveLength(5);
  });
});

const reader: ClusterRole = {
  metadata: { name: 'reader' },
  rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['list'] }],
};

async function createSelected(name: string): Promise<TenantControlPlane> {
  const metadata = { namespace: 'team-a', name, labels: { tier: 'gold' } };
  return management.create(tenantControlPlanes, { ...aTenant(onMachine), metadata });
}

async function start(options: { readonly clock?: Clock; readonly resyncMs?: number } = {}) {
  return cluster.startMarina({ client: counted, backupVolume: volume, ...options });
}

async function restart(options: { readonly clock?: Clock } = {}): Promise<void> {
  await stopMarina();
  stopMarina = await start(options);
}

/** The wall clock of a machine that is ahead of the others. */
function ahead(ms: number): Clock {
  return { ...systemClock, now: () => new Date(systemClock.now().getTime() + ms) };
}

/** What a controller of kubeconfigs reads and calls, outside a running Marina. */
async function startCaches() {
  await using starting = new AsyncDisposableStack();
  const metrics = new EngineMetrics(new Registry());
  const caches = createCaches({
    client: management,
    clock: systemClock,
    log: silentLog,
    metrics,
    namespace: 'marina-system',
    tenantsNamespace: 'marina-tenants',
  });
  for (const each of Object.values(caches) as Informer<KubeObject>[]) starting.use(await runInformer(each));
  const tenantClients = new TenantClients(systemClock, { assertHeld: () => undefined });
  starting.defer(() => tenantClients.close());
  const settings = {
    namespace: 'marina-tenants',
    nodePortAddress: '192.0.2.7',
    kineImage: 'kine',
    resyncMs: 300_000,
  };
  const running = starting.move();
  return {
    dependencies: { client: management, clock: systemClock, caches, tenantClients, settings },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** A reconciler whose cache of control planes is empty. */
async function startBlind() {
  const { dependencies, [Symbol.asyncDispose]: dispose } = await startCaches();
  const { caches, client, clock } = dependencies;
  const tenants = new Informer<TenantControlPlane>({
    client,
    clock,
    log: silentLog,
    resource: tenantControlPlanes,
  });
  const reconciler = new TenantKubeconfigReconciler({
    ...dependencies,
    caches: { ...caches, tenants },
    kubeconfigs: caches.kubeconfigs,
    tenants,
    events: { record: () => undefined },
    random: () => 0,
    randomBytes,
  });
  const { signal } = new AbortController();
  return {
    reconcile: (key: string) => reconciler.reconcile(key, { signal, runId: 'test', log: silentLog }),
    [Symbol.asyncDispose]: dispose,
  };
}

async function inside<T>(ask: (admin: KubeClient) => Promise<T>): Promise<T> {
  const admin = await cluster.adminOf(tenant);
  try {
    return await ask(admin);
  } finally {
    await admin.close();
  }
}

async function issued(kubeconfig: TenantKubeconfig): Promise<TenantKubeconfig> {
  return kubeconfigWhere(management, await createKubeconfig(management, kubeconfig), isIssued);
}

async function gone(kubeconfig: TenantKubeconfig): Promise<void> {
  await management.delete(tenantKubeconfigs, refOf(kubeconfig));
  await vanished(kubeconfig.metadata?.name ?? '');
}

async function vanished(name: string): Promise<void> {
  const ref = { namespace: 'team-a', name };
  await waitUntil(
    `TenantKubeconfig ${name} is gone`,
    async () => !(await management.get(tenantKubeconfigs, ref)),
  );
}

async function whereIssued(
  name: string,
  accept: (kubeconfig: TenantKubeconfig) => boolean = () => true,
): Promise<TenantKubeconfig> {
  const accepted = async () => {
    const live = await management.get(tenantKubeconfigs, { namespace: 'team-a', name });
    return live && isIssued(live) && accept(live) && live;
  };
  return waitUntil(`TenantKubeconfig ${name} is issued`, accepted, 60_000);
}

async function secretOf({ metadata, status }: TenantKubeconfig) {
  return management.get(secrets, { namespace: metadata?.namespace, name: status?.secret?.name ?? '' });
}

async function versionsOf(kubeconfig: TenantKubeconfig): Promise<readonly unknown[]> {
  const name = ownGroup(kubeconfig);
  const objects = [
    await management.get(tenantKubeconfigs, refOf(kubeconfig)),
    await secretOf(kubeconfig),
    await inside((admin) => admin.get(clusterRoleBindings, { name })),
  ];
  return objects.map((object) => object?.metadata?.resourceVersion);
}

function aTemplate(name: string, template: Partial<KubeconfigTemplateSpec['template']>): KubeconfigTemplate {
  return {
    metadata: { namespace: 'team-a', name },
    spec: { controlPlaneSelector: { matchLabels: { tier: 'gold' } }, template },
  } as KubeconfigTemplate;
}

async function templateWhere(
  { metadata }: KubeconfigTemplate,
  accept: (template: KubeconfigTemplate) => boolean,
): Promise<KubeconfigTemplate> {
  const ref = { namespace: metadata?.namespace, name: metadata?.name ?? '' };
  const accepted = async () => {
    const live = await management.get(kubeconfigTemplates, ref);
    return live && accept(live) && live;
  };
  return waitUntil(`KubeconfigTemplate ${metadata?.name} is as expected`, accepted);
}

async function change(resource: Resource, name: string, body: object): Promise<void> {
  await management.patch(resource, { namespace: 'team-a', name }, { type: 'merge', body });
}

async function create<T extends KubeObject>(resource: Resource<T>, name: string, spec: object): Promise<T> {
  return management.create(resource, { metadata: { namespace: 'team-a', name }, spec } as unknown as T);
}

/** Once it is Ready. */
async function settled<T extends Conditioned>(resource: Resource<T>, name: string): Promise<T> {
  const ready = async () => {
    const live = await management.get(resource, { namespace: 'team-a', name });
    return live && isReady(live) && live;
  };
  return waitUntil(`${resource.kind} ${name} is Ready`, ready, 60_000);
}

async function createStorage(): Promise<void> {
  const identity = await generateX25519Identity();
  await management.create(secrets, {
    metadata: { namespace: 'marina-system', name: 'backup-identity' },
    type: 'Opaque',
    data: encodeData({ identity }),
  });
  const recipients = [await identityToRecipient(identity)];
  await management.create(backupStorages, {
    metadata: { name: 'default' },
    spec: { volume: {}, encryption: { recipients, identitySecret: { name: 'backup-identity' } } },
  });
}

type Conditioned = KubeObject & { status?: { readonly conditions?: readonly Condition[] | undefined } };

function isReady({ status }: Conditioned): boolean {
  return findCondition(status?.conditions, 'Ready')?.status === 'True';
}

function reasonOf({ status }: Conditioned): string | undefined {
  return findCondition(status?.conditions, 'Ready')?.reason;
}

function messageOf({ status }: Conditioned): string {
  return findCondition(status?.conditions, 'Ready')?.message ?? '';
}
