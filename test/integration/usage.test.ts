import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Registry } from 'prom-client';
import type { UsageSettings } from '../../src/controller/assemble.ts';
import { type TenantControlPlane, tenantControlPlanes } from '../../src/api/v1alpha1/tenant-control-plane.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { configMaps, customResourceDefinitions, pods } from '../../src/kube/resources.ts';
import { toTime } from '../../src/kube/time.ts';
import type { ManagementDatabase } from '../../src/persistence/management-database.ts';
import { readRequestFigures } from '../../src/usage/exposition.ts';
import { UsageRecords } from '../../src/usage/store/usage-records.ts';
import { type UsageLine, UsageReport } from '../../src/usage/store/usage-report.ts';
import { UsageMetrics } from '../../src/usage/usage-metrics.ts';
import { type ManagementCluster, startManagementCluster } from '../support/management-cluster.ts';
import { startManagementDatabase } from '../support/management-database.ts';
import { type Machine, onMachine } from '../support/process-kubelet.ts';
import { permit } from '../support/permissions.ts';
import { type RestApi, startRest, tokenOf } from '../support/rest-api.ts';
import { aTenant } from '../support/tenant.ts';
import { waitUntil } from '../support/wait-until.ts';

jest.setTimeout(180_000);

const started = new AsyncDisposableStack();
const dayMs = 86_400_000;
let cluster: ManagementCluster;
let machine: Machine;
let database: ManagementDatabase;
let rest: RestApi;
let report: UsageReport;
let tenant: TenantControlPlane;
let stopMarina: () => Promise<void>;
let registry: Registry;
/** May ask for the usage of team-a. */
let accountant: string;
/** May ask for all of it. */
let controller: string;

beforeAll(async () => {
  [cluster, database] = await Promise.all([startManagementCluster(), startManagementDatabase()]);
  started.use(cluster);
  started.use(database as ManagementDatabase & AsyncDisposable);
  machine = await cluster.startMachine();
  rest = started.use(await startRest(cluster.client, undefined, { database }));
  report = new UsageReport(database);
  await startMarina();
  started.defer(() => stopMarina());
  await allow();
  tenant = await cluster.create(aTenant(onMachine));
  tenant = await cluster.tenantWhere(tenant, ({ status }) => status?.phase === 'Ready');
}, 180_000);

afterAll(() => started.disposeAsync());

/** As it is in production, and sixty times as fast. */
async function startMarina(): Promise<void> {
  registry = new Registry();
  const usage: UsageSettings = {
    store: new UsageRecords(database),
    metrics: new UsageMetrics(registry),
    everyMs: 1_000,
    requestsEveryMs: 1_000,
  };
  stopMarina = await cluster.startMarina({ usage });
}

async function allow(): Promise<void> {
  const { client, kubeconfigPath } = cluster;
  accountant = await tokenOf(kubeconfigPath, { namespace: 'team-a', name: 'accountant' });
  controller = await tokenOf(kubeconfigPath, { namespace: 'team-b', name: 'controller' });
  const listing = { resources: ['usages'], verbs: ['list'] };
  await permit(client, { namespace: 'team-a', name: 'accountant' }, listing);
  await permit(client, { namespace: 'team-b', name: 'controller' }, { ...listing, isEverywhere: true });
}

async function usage(): Promise<UsageLine | undefined> {
  const now = Date.now();
  const [line] = await report.lines({
    from: new Date(now - dayMs),
    to: new Date(now + dayMs),
    namespace: 'team-a',
    name: 'demo',
    groupBy: 'controlplane',
    granularity: 'total',
    limit: 10,
  });
  return line;
}

const counted = async () => (await usage())?.apiRequests.value ?? 0;

/** What the tenant's only API server says itself. */
async function said(admin: KubeClient): Promise<number> {
  const { requests } = await readRequestFigures(admin.stream('/metrics'), { maxBytes: 1e8 });
  return requests;
}

async function countedAtLeast(requests: number): Promise<number> {
  return await waitUntil(
    `${requests} requests are counted`,
    async () => {
      const value = await counted();
      return value >= requests && value;
    },
    60_000,
  );
}

describe('requests of a tenant', () => {
  it('are those that its API server has answered, of which the test has sent some', async () => {
    const admin = started.adopt(await cluster.adminOf(tenant), (client) => client.close());
    const sent = 300;
    const before = await countedAtLeast(await said(admin));

    for (let index = 0; index < sent; index += 1) await admin.list(configMaps, { namespace: 'default' });

    const least = await said(admin);
    const after = await countedAtLeast(least);
    expect(after).toBeLessThanOrEqual(await said(admin));
    expect(after - before).toBeGreaterThanOrEqual(sent);
    // Its own components ask as well, a few times a second at most.
    expect(after - before).toBeLessThan(sent + 150);
  });

  it('go on after a restart of its API server, of which those are not lost that were read', async () => {
    const before = await counted();
    await machine.kill(tenant);
    await waitUntil(
      'the API server is back',
      async () => machine.podsOf(tenant).some(({ restartCount, ready }) => restartCount > 0 && ready),
      60_000,
    );
    const admin = started.adopt(await cluster.adminOf(tenant), (client) => client.close());
    for (let index = 0; index < 50; index += 1) await admin.list(configMaps, { namespace: 'default' });

    const ofNew = await said(admin);
    const after = await countedAtLeast(before + ofNew);
    const lateOfOld = 100;
    expect(after).toBeLessThanOrEqual(before + (await said(admin)) + lateOfOld);
  });
});

describe('hours of a tenant', () => {
  it('have no gap and no overlap, though Marina was down and another one leads', async () => {
    await stopMarina();
    const before = await usage();
    await startMarina();
    await waitUntil(
      'it is counted on',
      async () => ((await usage())?.runningSeconds ?? 0) > (before?.runningSeconds ?? 0),
    );

    const [span] = await database.use('compare', (dataSource) =>
      dataSource.query<readonly { readonly counted: number; readonly passed: number }[]>(
        `SELECT sum(running_ms)::int AS counted,
          (extract(epoch FROM max(ended_at) - (SELECT accepted_at FROM usage_subject)) * 1000)::int AS passed
        FROM usage_sample WHERE source = 'existence'`,
      ),
    );

    expect(span?.counted).toBe(span?.passed);
  });

  it('are in the metrics of whoever leads', async () => {
    const text = await waitUntil('they are', async () => {
      const metrics = await registry.metrics();
      return metrics.includes('marina_tenant_api_requests_total{') && metrics;
    });

    expect(text).toMatch(
      /marina_tenant_control_plane_seconds_total\{namespace="team-a",name="demo",class="",state="running"\} \d/,
    );
    expect(text).toContain('marina_usage_source_up{source="resources"} 0');
  });
});

describe('CPU and memory of a tenant', () => {
  it('are not known where nothing measures them, and are known from when something does', async () => {
    expect((await usage())?.cpuSeconds).toEqual({ value: null, coverage: 0 });

    await serveMetrics(cluster.client, { cpu: '250m', memory: '300Mi' });

    const line = await waitUntil('they are known', async () => {
      const found = await usage();
      return (found?.cpuSeconds.value ?? 0) > 0.2 && found;
    });
    const { cpuSeconds, memoryByteSeconds } = line;
    expect(cpuSeconds.coverage).toBeGreaterThan(0);
    expect(cpuSeconds.coverage).toBeLessThan(1);
    const seconds = (cpuSeconds.value ?? 0) / 0.25;
    expect((memoryByteSeconds.value ?? 0) / seconds).toBeCloseTo(300 * 2 ** 20, -3);
    expect(seconds).toBeCloseTo(cpuSeconds.coverage * line.runningSeconds, 1);
  });
});

/** As it is on the wire; the type of client-node has other names. */
const anyObject = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } as object;

/** What metrics-server does, by a custom resource of the same name: the pod uses so much from now on. */
async function serveMetrics(client: KubeClient, usage: Readonly<Record<string, string>>): Promise<void> {
  const group = 'metrics.k8s.io';
  await client.create(customResourceDefinitions, {
    metadata: {
      name: `pods.${group}`,
      annotations: { 'api-approved.kubernetes.io': 'unapproved, for a test' },
    },
    spec: {
      group,
      scope: 'Namespaced',
      names: { plural: 'pods', kind: 'PodMetrics' },
      versions: [
        {
          name: 'v1beta1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: anyObject },
        },
      ],
    },
  });
  const resource = { apiVersion: `${group}/v1beta1`, kind: 'PodMetrics', plural: 'pods', namespaced: true };
  const { items } = await client.list(pods, { namespace: 'marina-tenants' });
  await waitUntil('the API is served', () =>
    client.list(resource, { namespace: 'marina-tenants' }).then(
      () => true,
      () => false,
    ),
  );
  for (const { metadata } of items) {
    const { name, namespace, labels } = metadata ?? {};
    const object = {
      metadata: { name, namespace, labels },
      timestamp: toTime(new Date()),
      window: '15s',
      containers: [{ name: 'kube-apiserver', usage }],
    };
    await client.create(resource, object);
  }
}

describe('usage over REST', () => {
  const ofTenant = '/v1/namespaces/team-a/controlplanes/demo/usage';

  it('is shown to whoever may list usages there, and to nobody else', async () => {
    const answer = await rest.ask('GET', ofTenant, { token: accountant });
    expect(answer).toMatchObject({
      status: 200,
      body: {
        items: [{ namespace: 'team-a', name: 'demo', class: null, stoppedHours: 0, storageBytes: null }],
      },
    });
    expect((await rest.ask('GET', '/v1/namespaces/team-a/usage', { token: accountant })).status).toBe(200);

    expect((await rest.ask('GET', '/v1/namespaces/team-b/usage', { token: accountant })).status).toBe(403);
    expect((await rest.ask('GET', '/v1/usage?namespace=team-a', { token: accountant })).status).toBe(403);
    expect(await rest.ask('GET', '/v1/usage?groupBy=class', { token: controller })).toMatchObject({
      status: 200,
      body: { items: [{ class: null, size: null }] },
    });
  });

  it('is CSV for whoever wants that', async () => {
    const response = await fetch(rest.url + ofTenant, {
      headers: { authorization: `Bearer ${accountant}`, accept: 'text/csv' },
    });

    expect(response.headers.get('content-type')).toMatch(/^text\/csv/);
    const [header, first, ...others] = (await response.text()).split('\r\n');
    expect(header).toMatch(/^start,end,namespace,name,uid,class,size,controlPlaneHours,/);
    expect(first).toContain(`,team-a,demo,${tenant.metadata?.uid},,,`);
    expect(others).toEqual(['']);
  });

  it.each([
    'from=yesterday',
    'from=2026-01-01T00:30:00Z',
    'granularity=minute',
    'limit=0',
    'cursor=!',
    'colour=blue',
  ])('tells which parameter is wrong in %s', async (query) => {
    const answer = await rest.ask('GET', `/v1/namespaces/team-a/usage?${query}`, { token: accountant });

    expect(answer).toMatchObject({ status: 400, body: { errors: [{ parameter: query.split('=')[0] }] } });
  });
});

describe('a deleted tenant', () => {
  it('has used what it has, to its deletion and no longer', async () => {
    const { name = '', namespace, uid } = tenant.metadata ?? {};
    await cluster.client.delete(tenantControlPlanes, { name, namespace });
    await waitUntil(
      'it is gone',
      async () => !(await cluster.client.get(tenantControlPlanes, { name, namespace })),
    );

    const subject = await waitUntil('it is closed', async () => {
      const [row] = await database.use('look', (dataSource) =>
        dataSource.query<readonly { readonly accepted_at: Date; readonly deleted_at: Date | null }[]>(
          'SELECT accepted_at, deleted_at FROM usage_subject WHERE uid = $1',
          [uid],
        ),
      );
      return row?.deleted_at ? row : undefined;
    });
    const line = await usage();
    const lastedMs = (subject.deleted_at?.getTime() ?? 0) - subject.accepted_at.getTime();
    // What was counted in the second of its deletion, which has no fractions, stays counted.
    expect((line?.runningSeconds ?? 0) * 1000).toBeGreaterThanOrEqual(lastedMs);
    expect((line?.runningSeconds ?? 0) * 1000).toBeLessThan(lastedMs + 1_000);
    expect(line?.apiRequests.value).toBeGreaterThan(300);
    expect(await registry.metrics()).not.toContain('name="demo"');
  });
});
