import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { dataStores } from '../../src/api/v1alpha1/data-store.ts';
import { type TenantControlPlane, tenantControlPlanes } from '../../src/api/v1alpha1/tenant-control-plane.ts';
import { findCondition } from '../../src/engine/conditions.ts';
import { type Log, silentLog } from '../../src/engine/log.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { connect } from '../../src/kube/kubeconfig.ts';
import { keyOf, refOf } from '../../src/kube/resource.ts';
import { configMaps, services } from '../../src/kube/resources.ts';
import { recordFigure } from '../support/figures.ts';
import { type ManagementCluster, startManagementCluster } from '../support/management-cluster.ts';
import { ownedVersions } from '../support/owned-versions.ts';
import { type Machine, onMachine } from '../support/process-kubelet.ts';
import { type RecordedRequest, recordRequests } from '../support/request-recorder.ts';
import { aTenant } from '../support/tenant.ts';
import { waitUntil } from '../support/wait-until.ts';

/** How Marina is told from the test on the way to the management cluster. */
const userAgent = 'marina-that-is-counted';
const perDay = 86_400;

/** What a birth takes, but for writes of the status: one write an object, and a look whether the finalizer came in time. */
const birth = {
  'PATCH tenantcontrolplanes/:name': 1,
  'GET tenantcontrolplanes/:name': 1,
  'PATCH services/:id': 1,
  'POST secrets': 1,
  'PATCH secrets/:id-datastore': 1,
  'PATCH secrets/:id-certificates': 1,
  'PATCH secrets/:name-kubeconfig': 1,
  'PATCH configmaps/:id-config': 1,
  'PATCH deployments/:id': 1,
  'POST events': 1,
};
/** Accepted, everything made, the API server ready, all of it Ready; each may be told apart or together with the next. */
const statusesAtMost = 6;

/** A look into a tenant cluster in which nothing changed: two probes, sixteen reads, and a write that changes nothing. */
const look = { reads: 18, writes: 1 };
const bootstrapObjects = 30;

describe('what Marina asks of API servers', () => {
  const recorder = recordRequests();
  const journal = createJournal();
  let cluster: ManagementCluster;
  let machine: Machine;
  let client: KubeClient;
  let stopMarina: () => Promise<void>;
  let tenants: readonly TenantControlPlane[];

  beforeAll(async () => {
    cluster = await startManagementCluster();
    machine = await cluster.startMachine();
    client = await connect({ kubeconfig: cluster.apiserver.kubeconfig, userAgent });
    stopMarina = await start();
    await waitUntil('the store has been looked at', () => Promise.resolve(journal.runs.length > 0));
    await quiet();
  }, 120_000);

  afterAll(async () => {
    await stopMarina();
    recorder[Symbol.dispose]();
    await client.close();
    await cluster[Symbol.asyncDispose]();
  }, 60_000);

  it('a birth costs one write an object and few of the status, and one look inside that writes each object once', async () => {
    recorder.reset();

    const tenant = await born('one');
    await quiet();

    const { 'PATCH tenantcontrolplanes/:name/status': statuses = 0, ...others } = tally(
      tenant,
      toManagement(),
    );
    expect(others).toEqual(birth);
    expect(statuses).toBeLessThanOrEqual(statusesAtMost);
    const inside = await requestsTo(tenant);
    expect(countOf(inside)).toEqual({ reads: look.reads, writes: bootstrapObjects + look.writes });
    recordFigure(
      'requests per birth',
      `${toManagement().length} to the management cluster, ${inside.length} inside`,
    );
  });

  it('a change of the number of replicas costs the objects that it changes, and one look inside', async () => {
    const tenant = await born('two');
    await quiet();
    recorder.reset();

    await scale(tenant, 2);

    const { 'PATCH tenantcontrolplanes/:name/status': statuses = 0, ...others } = tally(
      tenant,
      toManagement(),
    );
    expect(others).toEqual({ 'PATCH deployments/:id': 1, 'PATCH poddisruptionbudgets/:id': 1 });
    expect(statuses).toBeLessThanOrEqual(statusesAtMost);
    expect(countOf(await requestsTo(tenant))).toEqual(look);
    recordFigure('requests per change of replicas', `${toManagement().length} to the management cluster`);
  });

  it('a tenant at rest costs one look a resync, and changes nothing anywhere', async () => {
    tenants = [
      ...(await Promise.all(['one', 'two'].map(live))),
      ...(await Promise.all(['three', 'four', 'five'].map(born))),
    ];
    await quiet();
    await stopMarina();
    const before = await versions();
    const startedMs = performance.now();
    recorder.reset();

    // What is asked at the start belongs to it, and is a look at each.
    stopMarina = await start(2000);
    for (const tenant of tenants) {
      await waitUntil('three looks', async () => looksIn(await requestsTo(tenant)) >= 3, 60_000);
    }
    await waitUntil('no reconcile is under way', () => Promise.resolve(journal.underWay.size === 0));
    await stopMarina();

    for (const tenant of tenants) {
      const inside = await requestsTo(tenant);
      const looks = looksIn(inside);
      expect(countOf(inside)).toEqual({ reads: looks * look.reads, writes: looks * look.writes });
    }
    const asked = toManagement().filter(({ method }) => method !== 'GET');
    const questions = asked.filter(({ isDryRun }) => isDryRun);
    expect(questions.every(({ path }) => path.endsWith('-kubeconfig'))).toBe(true);
    // A Marina that has just started does not know what it wrote before.
    expect(asked.length - questions.length).toBe(tenants.length);
    expect(await versions()).toEqual(before);
    const renewals = recorder.requests.filter(
      ({ method, path }) => method !== 'GET' && path.includes('/leases/'),
    );
    const seconds = (performance.now() - startedMs) / 1000;
    recordFigure(
      'requests per idle tenant and resync',
      `${look.reads} reads, ${look.writes} write of no effect`,
    );
    recordFigure('lease renewals', `${Math.round((renewals.length / seconds) * perDay)} a day`);
    stopMarina = await start();
    await quiet();
  });

  it('a change of one tenant is no work for another', async () => {
    const [changed, ...others] = tenants;
    if (!changed) throw new Error('no tenants');
    recorder.reset();
    journal.reset();

    await scale(changed, 2);

    expect(new Set(journal.runs)).toEqual(new Set([`tenantcontrolplane ${keyOf(refOf(changed))}`]));
    for (const other of others) {
      expect(await requestsTo(other)).toEqual([]);
      expect(toManagement().filter(({ path }) => namesOf(other).some((name) => path.includes(name)))).toEqual(
        [],
      );
    }
  });

  it('a status write of the DataStore is no work for a tenant', async () => {
    const ref = { name: 'default' };
    const store = await cluster.client.get(dataStores, ref);
    const conditions = store?.status?.conditions?.map((each) => ({ ...each, message: 'said by hand' }));
    recorder.reset();
    journal.reset();

    const body = { status: { ...store?.status, conditions } };
    await cluster.client.patch(dataStores, ref, { type: 'merge', body }, { subresource: 'status' });
    // What comes after it on the same watch has been seen when the store is reconciled.
    const annotations = { 'example.com/note': 'seen' };
    await cluster.client.patch(dataStores, ref, { type: 'merge', body: { metadata: { annotations } } });

    await waitUntil('the store is reconciled', () => Promise.resolve(journal.runs.length > 0));
    await quiet();
    expect(new Set(journal.runs)).toEqual(new Set(['datastore default']));
    for (const tenant of tenants) expect(await requestsTo(tenant)).toEqual([]);
  });

  function start(resyncMs?: number): Promise<() => Promise<void>> {
    return cluster.startMarina({ client, log: journal.log, ...(resyncMs && { resyncMs }) });
  }

  async function born(name: string): Promise<TenantControlPlane> {
    return cluster.tenantWhere(await cluster.create(aTenant(onMachine, { name })), isSettled);
  }

  async function live(name: string): Promise<TenantControlPlane> {
    return cluster.tenantWhere(aTenant(onMachine, { name }), isSettled);
  }

  async function scale(tenant: TenantControlPlane, replicas: number): Promise<void> {
    const body = { spec: { controlPlane: { deployment: { replicas } } } };
    await cluster.client.patch(tenantControlPlanes, refOf(tenant), { type: 'merge', body });
    await cluster.tenantWhere(tenant, (each) => each.status?.readyReplicas === replicas && isSettled(each));
    await quiet();
  }

  /** Of all that belongs to the tenants, inside them too as far as Marina wrote it last. */
  async function versions(): Promise<readonly unknown[]> {
    return Promise.all(
      tenants.map(async (tenant) => {
        const admin = await cluster.adminOf(tenant);
        const clusterInfo = await admin.get(configMaps, { namespace: 'kube-public', name: 'cluster-info' });
        await admin.close();
        const { metadata } = await live(refOf(tenant).name);
        return [
          metadata?.resourceVersion,
          clusterInfo?.metadata?.resourceVersion,
          await ownedVersions(cluster.client, tenant),
        ];
      }),
    );
  }

  /** No reconcile is under way, and none began for a second. */
  async function quiet(): Promise<void> {
    let seen = -1;
    let sinceMs = 0;
    await waitUntil('Marina rests', () => {
      const count = journal.runs.length;
      if (count !== seen || journal.underWay.size > 0) [seen, sinceMs] = [count, performance.now()];
      return Promise.resolve(performance.now() - sinceMs > 1000);
    });
  }

  /** But for what it costs to be there at all (Lease, watches), and for the DataStore, which is looked at every minute. */
  function toManagement(): readonly RecordedRequest[] {
    return recorder.requests.filter(
      (request) =>
        request.userAgent === userAgent && !request.isWatch && !/\/(leases|datastores)\b/.test(request.path),
    );
  }

  /** Into the tenant cluster: through its Service, and straight to its pods. */
  async function requestsTo(tenant: TenantControlPlane): Promise<readonly RecordedRequest[]> {
    const name = tenant.status?.runtimeId ?? '';
    const service = await cluster.client.get(services, { namespace: 'marina-tenants', name });
    const hosts = new Set([
      service?.spec?.clusterIP,
      ...machine.podsOf(tenant).map(({ address }) => address),
    ]);
    return recorder.requests.filter(
      (request) => hosts.has(request.host.replace(/:6443$/, '')) && request.userAgent === 'marina',
    );
  }
});

interface Journal {
  readonly log: Log;
  /** `controller key` of reconciles in the order in which they began. */
  readonly runs: readonly string[];
  readonly underWay: ReadonlySet<unknown>;
  reset(): void;
}

/** What the engine's log lines tell of its reconciles. */
function createJournal(): Journal {
  const runs: string[] = [];
  const underWay = new Set<unknown>();
  const child: Log['child'] = ({ controller, key, runId }) => {
    if (runId === undefined) return { ...silentLog, child };
    runs.push(`${String(controller)} ${String(key)}`);
    underWay.add(runId);
    const ended = () => void underWay.delete(runId);
    return { ...silentLog, child: () => silentLog, debug: ended, warn: ended };
  };
  return {
    runs,
    underWay,
    log: { ...silentLog, child },
    reset: () => {
      runs.length = 0;
    },
  };
}

/** Requests by method and path, without API group, version and namespace. */
function tally(
  tenant: TenantControlPlane,
  requests: readonly RecordedRequest[],
): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { method, path } of requests) {
    const name = `${method} ${path}`
      .replace(/\/apis?\/([a-z0-9.]+\/)?v[0-9a-z]+\/(namespaces\/[^/]+\/)?/, '')
      .replace(tenant.status?.runtimeId ?? '', ':id')
      .replace(`/${tenant.metadata?.name}`, '/:name');
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

function countOf(requests: readonly RecordedRequest[]): typeof look {
  const reads = requests.filter(({ method }) => method === 'GET').length;
  return { reads, writes: requests.length - reads };
}

function looksIn(requests: readonly RecordedRequest[]): number {
  return requests.filter(({ path }) => path === '/version').length;
}

function namesOf({ metadata, status }: TenantControlPlane): readonly string[] {
  return [`/tenantcontrolplanes/${metadata?.name}`, `/${metadata?.name}-kubeconfig`, status?.runtimeId ?? ''];
}

function isSettled({ status }: TenantControlPlane): boolean {
  return ['Ready', 'AddonsReady', 'WorkloadReady'].every(
    (type) => findCondition(status?.conditions, type)?.status === 'True',
  );
}
