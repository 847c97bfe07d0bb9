import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TenantControlPlane } from '../../src/api/v1alpha1/tenant-control-plane.ts';
import { gather, nameOf } from '../../src/bootstrap/gather.ts';
import { PHASE_LABEL } from '../../src/bootstrap/objects.ts';
import { systemClock } from '../../src/engine/clock.ts';
import { findCondition } from '../../src/engine/conditions.ts';
import { silentLog } from '../../src/engine/log.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { isKubeError } from '../../src/kube/errors.ts';
import { Informer } from '../../src/kube/informer.ts';
import { type KubeObject, refOf, refOfKey, type Resource } from '../../src/kube/resource.ts';
import {
  clusterRoleBindings,
  configMaps,
  daemonSets,
  deployments,
  endpointSlices,
  type Event,
  events,
  roles,
} from '../../src/kube/resources.ts';
import { type ManagementCluster, startManagementCluster } from '../support/management-cluster.ts';
import { onMachine } from '../support/process-kubelet.ts';
import { aTenant } from '../support/tenant.ts';
import { waitUntil } from '../support/wait-until.ts';

const phases = [
  'cluster-info',
  'kubeadm-config',
  'kubelet-config',
  'bootstrap-token-rbac',
  'cluster-admins',
  'kubernetes-endpoints',
  'coredns',
  'kube-proxy',
];

interface Drift {
  readonly about: string | undefined;
  /** e.g. `ConfigMap kube-public/cluster-info (data.kubeconfig)` */
  readonly objects: readonly string[];
}

interface Inside {
  readonly tenant: TenantControlPlane;
  readonly admin: KubeClient;
}

describe('what a tenant’s admin does to Marina’s objects inside the tenant cluster', () => {
  let cluster: ManagementCluster;
  let stopMarina: () => Promise<void>;
  // Each time that an Event about drift was written, whether as a new one or as the next of many.
  const drift: Drift[] = [];
  const ending = new AbortController();
  let watching: Promise<void>;
  // One for deletions, one for edits: Events about one object are limited to 25 at once.
  let robbed: Inside;
  let edited: Inside;

  beforeAll(async () => {
    cluster = await startManagementCluster();
    await cluster.startMachine();
    stopMarina = await cluster.startMarina({ resyncMs: 1500 });
    const informer = new Informer<Event>({
      client: cluster.client,
      resource: events,
      namespace: 'team-a',
      clock: systemClock,
      log: silentLog,
    });
    informer.onChange((_, event) => {
      const said = event && driftIn(event);
      if (said) drift.push(said);
    });
    watching = informer.run(ending.signal);
    [robbed, edited] = await Promise.all([born('robbed'), born('edited')]);
  }, 120_000);

  afterAll(async () => {
    ending.abort();
    await watching;
    await Promise.all([robbed.admin.close(), edited.admin.close()]);
    await stopMarina();
    await cluster[Symbol.asyncDispose]();
  }, 60_000);

  it('every object belongs to a phase that is tested here', async () => {
    const { all } = await gather(robbed.admin);

    expect([...new Set(all.map(({ object }) => object.metadata?.labels?.[PHASE_LABEL]))].sort()).toEqual(
      [...phases].sort(),
    );
  });

  it.each(phases)('%s: deleted, it comes back, and an Event says so once', async (phase) => {
    const before = await ofPhase(phase);
    expect(before.length).toBeGreaterThan(0);

    await Promise.all(before.map(({ resource, object }) => robbed.admin.delete(resource, refOf(object))));

    await waitUntil('all of it is there again', async () => {
      const uids = new Set(before.map(({ object }) => object.metadata?.uid));
      const live = await permitted(() => ofPhase(phase));
      return live?.length === before.length && !live.some(({ object }) => uids.has(object.metadata?.uid));
    });
    for (const { resource, object } of before) await toldOnce(robbed.tenant, nameOf(resource, object));
  });

  it.each<{ what: string; resource: Resource; key: string; body: object; told: string }>([
    {
      what: 'cluster-info that leads workers elsewhere',
      resource: configMaps,
      key: 'kube-public/cluster-info',
      body: { data: { kubeconfig: 'broken' } },
      told: 'ConfigMap kube-public/cluster-info (data.kubeconfig)',
    },
    {
      what: 'an emptied kubeadm-config',
      resource: configMaps,
      key: 'kube-system/kubeadm-config',
      body: { data: { ClusterConfiguration: '' } },
      told: 'ConfigMap kube-system/kubeadm-config (data.ClusterConfiguration)',
    },
    {
      what: 'another kubelet-config',
      resource: configMaps,
      key: 'kube-system/kubelet-config',
      body: { data: { kubelet: 'broken' } },
      told: 'ConfigMap kube-system/kubelet-config (data.kubelet)',
    },
    {
      what: 'a role that lets nobody read',
      resource: roles,
      key: 'kube-system/kubeadm:kubelet-config',
      body: { rules: [] },
      told: 'Role kube-system/kubeadm:kubelet-config (rules)',
    },
    {
      what: 'a binding for nobody',
      resource: clusterRoleBindings,
      key: 'kubeadm:kubelet-bootstrap',
      body: { subjects: null },
      told: 'ClusterRoleBinding kubeadm:kubelet-bootstrap (subjects)',
    },
    {
      what: 'an endpoint of somebody else',
      resource: endpointSlices,
      key: 'default/kubernetes',
      body: { endpoints: [{ addresses: ['198.51.100.1'] }] },
      told: 'EndpointSlice default/kubernetes (endpoints)',
    },
    {
      what: 'a CoreDNS that does not run',
      resource: deployments,
      key: 'kube-system/coredns',
      body: { spec: { replicas: 0 } },
      told: 'Deployment kube-system/coredns (spec.replicas)',
    },
    {
      what: 'a kube-proxy for no node',
      resource: daemonSets,
      key: 'kube-system/kube-proxy',
      body: { spec: { template: { spec: { nodeSelector: { disk: 'ssd' } } } } },
      told: 'DaemonSet kube-system/kube-proxy (spec.template.spec.nodeSelector)',
    },
  ])('$what: it is as it was, and an Event says so once', async ({ resource, key, body, told }) => {
    const before = await edited.admin.get(resource, refOfKey(key));

    await edited.admin.patch(resource, refOfKey(key), { type: 'merge', body });

    await toldOnce(edited.tenant, told);
    expect(contentOf(await edited.admin.get(resource, refOfKey(key)))).toEqual(contentOf(before));
  });

  it('what the tenant wrote beside it stays', async () => {
    const ref = { namespace: 'kube-system', name: 'coredns' };
    const metadata = { labels: { 'example.com/team': 'a' }, annotations: { 'example.com/note': 'ours' } };

    await edited.admin.patch(deployments, ref, { type: 'merge', body: { metadata, spec: { replicas: 7 } } });

    const live = await waitUntil('the replicas are as they were', async () => {
      const deployment = await edited.admin.get(deployments, ref);
      return deployment?.spec?.replicas !== 7 && deployment;
    });
    expect(live.metadata).toMatchObject(metadata);
  });

  async function born(name: string): Promise<Inside> {
    const tenant = await cluster.tenantWhere(await cluster.create(aTenant(onMachine, { name })), isReady);
    return { tenant, admin: await cluster.adminOf(tenant) };
  }

  async function ofPhase(phase: string) {
    const { all } = await gather(robbed.admin);
    return all.filter(({ object }) => object.metadata?.labels?.[PHASE_LABEL] === phase);
  }

  async function toldOnce({ metadata }: TenantControlPlane, text: string): Promise<void> {
    const times = () =>
      drift.filter(({ about, objects }) => about === metadata?.name && objects.includes(text)).length;
    await waitUntil(`an Event names ${text}`, () => Promise.resolve(times() > 0));
    await cluster.tenantWhere(aTenant({}, { name: metadata?.name }), isReady);
    expect(times()).toBe(1);
  }
});

/** What an Event about drift says now: of which tenant, and of which objects. */
function driftIn({ reason, involvedObject, message = '' }: Event): Drift | undefined {
  if (reason !== 'Drift') return undefined;
  return { about: involvedObject.name, objects: message.replace(/^[^:]*: /, '').split('; ') };
}

function isReady(tenant: TenantControlPlane): boolean {
  return findCondition(tenant.status?.conditions, 'Ready')?.status === 'True';
}

function contentOf(object: KubeObject | undefined): object {
  return { ...object, metadata: undefined };
}

/** Undefined while the admin has taken the permission from itself. */
async function permitted<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error: unknown) {
    if (isKubeError(error, 'Forbidden')) return undefined;
    throw error;
  }
}
