import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type ControlPlaneClass,
  controlPlaneClasses,
  type ControlPlaneClassSpec,
} from '../../src/api/v1alpha1/control-plane-class.ts';
import { tenantBackups } from '../../src/api/v1alpha1/tenant-backup.ts';
import { type TenantControlPlane, tenantControlPlanes } from '../../src/api/v1alpha1/tenant-control-plane.ts';
import { findCondition } from '../../src/engine/conditions.ts';
import { type Deployment, deployments, secrets } from '../../src/kube/resources.ts';
import { applyManifest } from '../support/apply-manifest.ts';
import type { TenantControlPlaneSpecInput } from '../support/defaults.ts';
import { type ManagementCluster, startManagementCluster } from '../support/management-cluster.ts';
import { onMachine } from '../support/process-kubelet.ts';
import { waitUntil } from '../support/wait-until.ts';

const namespace = 'team-a';

/** What the platform team writes; the API server fills in the rest. */
const standard = {
  versions: { offered: ['v1.35.9', 'v1.36.3'], default: 'v1.36.3' },
  sizes: {
    default: 'small',
    offered: [
      { name: 'small', resources: { apiServer: { requests: { cpu: '30m' } } } },
      { name: 'large', resources: { apiServer: { requests: { cpu: '40m' } } } },
    ],
  },
  replicas: { max: 2 },
  addons: { kubeProxy: { enabled: false } },
  limits: { serviceTypes: ['ClusterIP'], extraArgs: false, maxLifetime: '30d' },
};

describe('a ControlPlaneClass', () => {
  const stack = new AsyncDisposableStack();
  let cluster: ManagementCluster;

  beforeAll(async () => {
    cluster = stack.use(await startManagementCluster());
    await applyManifest(cluster.client, 'manifests/rbac/control-plane-class-policy.yaml');
    await cluster.startMachine();
    stack.defer(await cluster.startMarina());
    await offer('standard', standard);
  }, 120_000);

  afterAll(() => stack.disposeAsync());

  it.each<[string, object, string]>([
    [
      'a default that is not offered',
      { versions: { ...standard.versions, default: 'v1.36.9' } },
      'versions.default',
    ],
    [
      'a version that Marina does not know',
      { versions: { offered: ['v1.9.0'], default: 'v1.9.0' } },
      'versions',
    ],
    ['a default size that there is not', { sizes: { ...standard.sizes, default: 'huge' } }, 'sizes.default'],
    ['more pods than the most', { replicas: { max: 2, default: 3 } }, 'replicas.default'],
    ['a lifetime that is none', { limits: { maxLifetime: '1h30m' } }, 'limits.maxLifetime'],
  ])('is refused with %s', async (_, ...[spec, field]) => {
    await expect(offer('refused', { ...standard, ...spec })).rejects.toMatchObject({
      code: 'Invalid',
      message: expect.stringContaining(`spec.${field}`),
    });
  });

  it.each<[string, Partial<TenantControlPlaneSpecInput>, string]>([
    ['no version', { kubernetes: {} }, 'spec.kubernetes.version'],
    ['a size', { size: 'small' }, 'spec.size'],
  ])('is needed by a control plane with %s', async (_, ...[spec, field]) => {
    const kubernetes = { version: 'v1.36.3' };
    await expect(create('refused', { kubernetes, ...spec })).rejects.toThrow(field);
  });

  it('makes a control plane that says nothing else what the class says', async () => {
    const born = await ready(await create('plain', { className: 'standard' }));

    expect(born.status?.class).toMatchObject({ name: 'standard', generation: 1 });
    expect(findCondition(born.status?.conditions, 'ClassApplied')?.status).toBe('True');
    expect(born.spec.kubernetes.version).toBeUndefined();
    const { spec } = await deploymentOf(born);
    const [apiServer] = spec?.template.spec?.containers ?? [];
    expect(apiServer?.image).toMatch(/:v1\.36\.3$/);
    expect(apiServer?.resources?.requests).toEqual({ cpu: '30m', memory: '100Mi' });
    expect(born.status?.expiresAt).toBeDefined();
    const admin = await cluster.adminOf(born);
    const kubeSystem = { namespace: 'kube-system' };
    expect(await admin.get(deployments, { ...kubeSystem, name: 'coredns' })).toBeDefined();
    const daemonSets = { ...deployments, kind: 'DaemonSet', plural: 'daemonsets' };
    expect(await admin.get(daemonSets, { ...kubeSystem, name: 'kube-proxy' })).toBeUndefined();
    await admin.close();
  }, 90_000);

  it('keeps one that asks for more from being born, says what to do, and lets it in when that is done', async () => {
    const wish = {
      className: 'standard',
      size: 'huge',
      kubernetes: { version: 'v1.36.0' },
      controlPlane: {
        service: { serviceType: 'NodePort' },
        deployment: { replicas: 5, extraArgs: { apiServer: ['--profiling=false'] } },
      },
    } satisfies TenantControlPlaneSpecInput;
    const held = await where(await create('greedy', wish), ({ status }) => status?.phase === 'Pending');

    const condition = findCondition(held.status?.conditions, 'ClassApplied');
    expect(condition).toMatchObject({ status: 'False', reason: 'OutsideClass' });
    for (const field of ['kubernetes.version', 'size', 'serviceType', 'replicas', 'extraArgs']) {
      expect(condition?.message).toContain(field);
    }
    expect(findCondition(held.status?.conditions, 'Ready')?.reason).toBe('OutsideClass');
    expect(held.spec.dataStore).toBeUndefined();
    const labelSelector = 'marina.dev/tenant-control-plane=greedy';
    expect(
      (await cluster.client.list(secrets, { namespace: 'marina-tenants', labelSelector })).items,
    ).toEqual([]);

    await edit(held, {
      size: null,
      kubernetes: { version: null },
      controlPlane: { service: { serviceType: 'ClusterIP' }, deployment: { replicas: 0, extraArgs: null } },
    });
    const letIn = await where(held, ({ status }) => status?.phase === 'Stopped');
    expect(findCondition(letIn.status?.conditions, 'ClassApplied')?.status).toBe('True');
    await cluster.client.delete(tenantControlPlanes, { namespace, name: 'greedy' });
  }, 90_000);

  it('is asked for as soon as it is there', async () => {
    const early = await create('early', {
      className: 'later',
      controlPlane: { ...onMachine.controlPlane, deployment: { replicas: 0 } },
    });
    await where(
      early,
      ({ status }) => findCondition(status?.conditions, 'Ready')?.reason === 'ClassNotFound',
    );

    await offer('later', standard);

    await where(early, ({ status }) => status?.phase === 'Stopped');
    await cluster.client.delete(tenantControlPlanes, { namespace, name: 'early' });
  });

  it('does not let an edit through that it does not offer, and nothing changes', async () => {
    const before = await deploymentOf(await live('plain'));

    await edit(await live('plain'), { controlPlane: { deployment: { replicas: 3 } } });

    const refused = await where(
      await live('plain'),
      ({ status }) => findCondition(status?.conditions, 'ClassApplied')?.status === 'False',
    );
    expect(findCondition(refused.status?.conditions, 'ClassApplied')?.message).toContain('may be 1 to 2');
    expect(findCondition(refused.status?.conditions, 'Ready')?.status).toBe('True');
    expect((await deploymentOf(refused)).spec).toEqual(before.spec);
    await edit(refused, { controlPlane: { deployment: { replicas: null } } });
    await where(
      refused,
      ({ status }) => findCondition(status?.conditions, 'ClassApplied')?.status === 'True',
    );
  });

  it('changes nothing of one that runs when it is not there, and the slip can be taken back', async () => {
    const born = await where(
      await create('slip', { kubernetes: { version: 'v1.35.9' } }),
      ({ status }) => status?.phase === 'Ready',
    );
    const before = await deploymentOf(born);

    await edit(born, { className: 'standrad' });
    await edit(born, { kubernetes: { version: null } });
    const refused = await where(
      born,
      ({ metadata, status }) =>
        status?.observedGeneration === metadata?.generation &&
        findCondition(status?.conditions, 'ClassApplied')?.reason === 'ClassNotFound',
    );
    expect(refused.status?.admitted).toMatchObject({ version: 'v1.35.9', replicas: 1 });

    const other = { kubernetes: { version: 'v1.36.3' } };
    await expect(edit(born, { className: null, ...other })).rejects.toThrow(
      'must be that of status.admitted',
    );
    await edit(born, { className: null, kubernetes: { version: 'v1.35.9' } });
    const mended = await where(
      born,
      ({ status }) => status?.admitted === undefined && !findCondition(status?.conditions, 'ClassApplied'),
    );
    expect(findCondition(mended.status?.conditions, 'Ready')?.status).toBe('True');
    const after = await deploymentOf(mended);
    expect(after.metadata?.generation).toBe(before.metadata?.generation);
    await cluster.client.delete(tenantControlPlanes, { namespace, name: 'slip' });
  }, 90_000);

  it('stays what it is for a control plane, which cannot leave it', async () => {
    const plain = await live('plain');
    await expect(edit(plain, { className: null })).rejects.toThrow(/className/);
    await expect(edit(plain, { className: 'later' })).rejects.toThrow('cannot be changed or taken away');
    const resources = { apiServer: { requests: { cpu: '1' } } };
    await expect(edit(plain, { controlPlane: { deployment: { resources } } })).rejects.toThrow(
      'set spec.size',
    );
  });

  it('changes one control plane after the other, the oldest first, and none while it is paused', async () => {
    await ready(await create('second', { className: 'standard' }));
    const sizes = sizesOf('35m');

    await offer('standard', { ...standard, sizes, rollout: { paused: true } });
    await classWhere('standard', ({ status }) => rolledOut(status)?.reason === 'Paused');
    expect(await cpuOf('plain')).toBe('30m');

    await offer('standard', { ...standard, sizes });
    let mostUnderWay = 0;
    await waitUntil(
      'the class is rolled out',
      async () => {
        mostUnderWay = Math.max(mostUnderWay, (await underWay()).length);
        const { status } = (await cluster.client.get(controlPlaneClasses, { name: 'standard' })) ?? {};
        return (
          rolledOut(status)?.status === 'True' && status?.observedGeneration === 3 && status.updated === 2
        );
      },
      90_000,
    );

    expect(mostUnderWay).toBe(1);
    const [plain, second] = await Promise.all(['plain', 'second'].map(inForce));
    expect(Date.parse(second?.takenAt ?? '')).toBeGreaterThanOrEqual(Date.parse(plain?.readyAt ?? ''));
    expect(await Promise.all(['plain', 'second'].map(cpuOf))).toEqual(['35m', '35m']);
  }, 180_000);

  it('has its control planes backed up, as long as it says so', async () => {
    const backup = { schedule: { cron: '0 3 1 1 *' }, storage: 'vault', retention: { count: 3 } };
    await offer('standard', { ...standard, backup });

    const made = await waitUntil('a TenantBackup is there', async () => {
      const { items } = await cluster.client.list(tenantBackups, { namespace });
      return items.find(({ spec }) => spec.tenantControlPlane === 'plain');
    });
    expect(made).toMatchObject({
      metadata: { ownerReferences: [{ kind: 'TenantControlPlane', name: 'plain' }] },
      spec: {
        storage: 'vault',
        schedule: { cron: '0 3 1 1 *', timeZone: 'Etc/UTC' },
        retention: { count: 3 },
      },
    });

    const ref = { namespace, name: made.metadata?.name ?? '' };
    for (const what of ['labels', 'ownerReferences']) {
      const body = { metadata: { [what]: null } };
      await cluster.client.patch(tenantBackups, ref, { type: 'merge', body });
      await waitUntil(`its ${what} are back`, async () => {
        const { metadata } = (await cluster.client.get(tenantBackups, ref)) ?? {};
        return metadata?.labels && metadata.ownerReferences;
      });
    }

    // As one that somebody else has put in its place.
    const foreign = { metadata: { labels: null, ownerReferences: null } };
    await cluster.client.patch(tenantBackups, ref, { type: 'merge', body: foreign });
    await classWhere('standard', ({ status }) => inPlace(status)?.reason === 'BackupRefused');
    await cluster.client.delete(tenantBackups, ref);
    await classWhere('standard', ({ status }) => inPlace(status)?.status === 'True');

    await offer('standard', standard);
    await waitUntil(
      'it rests',
      async () => (await cluster.client.get(tenantBackups, ref))?.spec.suspend,
      60_000,
    );
  }, 120_000);

  it('is not deleted while control planes are of it, and names them', async () => {
    await expect(cluster.client.delete(controlPlaneClasses, { name: 'standard' })).rejects.toThrow(
      /is the class of 2 control planes; delete them first: team-a\/plain, team-a\/second/,
    );
    for (const name of ['plain', 'second']) {
      await cluster.client.delete(tenantControlPlanes, { namespace, name });
    }
    await classWhere('standard', ({ status }) => status?.controlPlanes === 0);
    expect(await cluster.client.delete(controlPlaneClasses, { name: 'standard' })).toBe(true);
  }, 60_000);

  async function inForce(name: string) {
    return (await live(name)).status?.class;
  }

  /** Those that have taken a generation and are not Ready with it. */
  async function underWay() {
    const found = await Promise.all(['plain', 'second'].map(inForce));
    return found.filter((each) => each !== undefined && each.readyAt === undefined);
  }

  /** What the API server of a control plane requests. */
  async function cpuOf(name: string): Promise<string | undefined> {
    const [apiServer] = (await deploymentOf(await live(name))).spec?.template.spec?.containers ?? [];
    return apiServer?.resources?.requests?.['cpu'];
  }

  async function offer(name: string, spec: object): Promise<void> {
    const { apiVersion, kind } = controlPlaneClasses;
    const object = { apiVersion, kind, metadata: { name }, spec: spec as ControlPlaneClassSpec };
    await cluster.client.apply(controlPlaneClasses, object, { fieldManager: 'platform-team' });
  }

  async function create(
    name: string,
    spec: Partial<TenantControlPlaneSpecInput>,
  ): Promise<TenantControlPlane> {
    return await cluster.client.create(tenantControlPlanes, {
      metadata: { namespace, name },
      spec: { ...onMachine, ...spec } as TenantControlPlane['spec'],
    });
  }

  async function edit({ metadata }: TenantControlPlane, spec: object): Promise<void> {
    const ref = { namespace, name: metadata?.name ?? '' };
    await cluster.client.patch(tenantControlPlanes, ref, { type: 'merge', body: { spec } });
  }

  async function live(name: string): Promise<TenantControlPlane> {
    const tenant = await cluster.client.get(tenantControlPlanes, { namespace, name });
    if (!tenant) throw new Error(`no TenantControlPlane ${name}`);
    return tenant;
  }

  function where(tenant: TenantControlPlane, accept: (tenant: TenantControlPlane) => boolean) {
    return cluster.tenantWhere(tenant, accept);
  }

  function ready(tenant: TenantControlPlane): Promise<TenantControlPlane> {
    return where(tenant, ({ status }) => status?.class?.readyAt !== undefined);
  }

  async function deploymentOf({ status }: TenantControlPlane): Promise<Deployment> {
    const ref = { namespace: 'marina-tenants', name: status?.runtimeId ?? '' };
    const deployment = await cluster.client.get(deployments, ref);
    if (!deployment) throw new Error('no Deployment');
    return deployment;
  }

  async function classWhere(name: string, accept: (found: ControlPlaneClass) => boolean): Promise<void> {
    await waitUntil(`class ${name} is as expected`, async () => {
      const found = await cluster.client.get(controlPlaneClasses, { name });
      return found && accept(found);
    });
  }
});

function sizesOf(cpu: string) {
  const resources = { apiServer: { requests: { cpu } } };
  return { ...standard.sizes, offered: standard.sizes.offered.map((size) => ({ ...size, resources })) };
}

function inPlace(status: ControlPlaneClass['status']) {
  return findCondition(status?.conditions, 'BackupsInPlace');
}

function rolledOut(status: ControlPlaneClass['status']) {
  return findCondition(status?.conditions, 'RolledOut');
}
