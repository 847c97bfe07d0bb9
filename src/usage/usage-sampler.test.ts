import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { MemoryUsageStore } from '../../test/support/memory-usage-store.ts';
import { aTenant } from '../../test/support/tenant.ts';
import type { TenantControlPlane } from '../api/v1alpha1/tenant-control-plane.ts';
import type { ControlPlaneCaches } from '../controlplane/view.ts';
import { silentLog } from '../engine/log.ts';
import type { KubeClient } from '../kube/client.ts';
import { KubeError } from '../kube/errors.ts';
import { capacity } from './ledger.ts';
import { dayMs, hourMs } from './sample.ts';
import { UsageMetrics } from './usage-metrics.ts';
import { UsageSampler } from './usage-sampler.ts';

const everyMs = 60_000;
const begunMs = Date.parse('2026-01-01T00:00:00Z');

/** Made when the clock begins, with a pod. */
function aLivingTenant(bornMs = begunMs, uid: string = randomUUID()): TenantControlPlane {
  const time = new Date(bornMs).toISOString();
  const steps = ['Accepted', 'EndpointAssigned'] as const;
  return {
    ...aTenant({}, { creationTimestamp: time, uid, name: `demo-${uid}` }),
    status: { runtimeId: uid, timeline: steps.map((step) => ({ step, time, milliseconds: 0 })) },
  };
}

let clock: ManualClock;
let registry: Registry;
let store: MemoryUsageStore;
let tenants: TenantControlPlane[];
/** Whether metrics.k8s.io is served. */
let isMeasured: boolean;
let stop: () => Promise<void>;

beforeEach(() => {
  clock = new ManualClock();
  store = new MemoryUsageStore();
  tenants = [];
  isMeasured = false;
});

afterEach(() => stop());

function start(): void {
  registry = new Registry();
  const sampler = new UsageSampler({
    client: podMetrics,
    caches: cachesOf(),
    tenantClients: { client: () => Promise.reject(absent) },
    settings: { namespace: 'marina-tenants', kineImage: '', resyncMs: 1 },
    store,
    metrics: new UsageMetrics(registry),
    clock,
    log: silentLog,
    everyMs,
    requestsEveryMs: 1e9,
  });
  const stopping = new AbortController();
  const running = sampler.run(stopping.signal);
  stop = async () => {
    stopping.abort();
    await clock.advance(0);
    await running;
  };
}

const absent = new KubeError({ code: 'NotFound', operation: 'list pods', message: 'no such API' });

const podMetrics = {
  list: async () => {
    if (!isMeasured) throw absent;
    const timestamp = clock.now().toISOString();
    const containers = [{ usage: { cpu: '500m', memory: '1Mi' } }];
    const items = tenants.map(({ metadata }) => ({
      metadata: { name: metadata?.uid },
      timestamp,
      containers,
    }));
    return { metadata: {}, items };
  },
} as unknown as Pick<KubeClient, 'list'>;

/** Each tenant has one pod, named as the tenant's UID. */
function cachesOf(): ControlPlaneCaches {
  const none = { list: () => [], get: () => undefined, byIndex: () => [] };
  const creationTimestamp = new Date(begunMs).toISOString();
  const podOf = (name: string) => ({ metadata: { name, creationTimestamp }, status: { phase: 'Running' } });
  return {
    dataStores: none,
    pods: { byIndex: (_index: string, id: string) => (id ? [podOf(id)] : []) },
    tenants: { list: () => tenants, onChange: () => () => {} },
  } as unknown as ControlPlaneCaches;
}

const minutes = (ms: number) => ms / everyMs;

describe('the sampler, while its store is away', () => {
  it('counts hours from the beginning and levels from its first look', async () => {
    tenants = [aLivingTenant()];
    isMeasured = true;
    store.isAway = true;
    start();
    await clock.advance(10.5 * everyMs);

    store.isAway = false;
    await clock.advance(everyMs);

    expect(minutes(store.lasted('existence'))).toBe(11);
    expect(minutes(store.lasted('resources'))).toBe(11);
    expect(store.samples.filter(({ source }) => source === 'existence')).toHaveLength(1);
  });

  it('does not count again what the leader before it has written', async () => {
    tenants = [aLivingTenant()];
    isMeasured = true;
    start();
    await clock.advance(5 * everyMs);
    await stop();
    store.isAway = true;
    start();
    await clock.advance(5.5 * everyMs);

    store.isAway = false;
    await clock.advance(everyMs);

    expect(minutes(store.lasted('existence'))).toBe(11);
    expect(minutes(store.lasted('resources'))).toBe(11);
  });

  it('writes later what could not be written', async () => {
    tenants = [aLivingTenant()];
    start();
    await clock.advance(everyMs);
    store.isAway = true;
    await clock.advance(2 * everyMs);
    expect(await registry.metrics()).toContain('marina_usage_pending_samples 1');

    store.isAway = false;
    await clock.advance(everyMs);

    expect(minutes(store.lasted('existence'))).toBe(4);
    expect(await registry.metrics()).toContain('state="running"} 240');
    expect(await registry.metrics()).toContain('marina_usage_pending_samples 0');
    await stop();
    expect(await registry.metrics()).not.toContain('state="running"');
  });
});

describe('the sampler', () => {
  it('writes a backlog that is larger than what may wait', async () => {
    const days = 31;
    const count = Math.ceil(capacity / (days * 24)) + 10;
    tenants = Array.from({ length: count }, () => aLivingTenant(begunMs - days * dayMs));
    start();
    await clock.advance(everyMs / 2);

    expect(store.lasted('existence')).toBe(count * days * dayMs);
    expect(Math.max(...store.commits)).toBeLessThan(capacity / 5);
  });

  it('goes on from what somebody else has counted, and keeps the levels that only it has read', async () => {
    const tenant = aLivingTenant();
    const { uid = '' } = tenant.metadata ?? {};
    tenants = [tenant];
    isMeasured = true;
    start();
    await clock.advance(2 * everyMs);
    store.isAway = true;
    await clock.advance(3 * everyMs);
    store.isAway = false;
    const untilMs = begunMs + 2.5 * everyMs;
    const existence = { isStopped: false, className: '', size: '', untilMs };
    store.moveOn(uid, { existence, resources: { untilMs } });

    await clock.advance(3 * everyMs);

    // Half a minute is the other one's.
    expect(minutes(store.lasted('existence'))).toBe(7.5);
    expect(minutes(store.lasted('resources'))).toBe(7.5);
    expect(await registry.metrics()).toContain('marina_usage_overtaken_total 1');
  });

  it('leaves one alone whose deletion has hung for weeks and is counted, and counts the others', async () => {
    const hanging = aLivingTenant(begunMs - 30 * dayMs);
    tenants = [hanging];
    start();
    await clock.advance(everyMs);
    const deletionTimestamp = clock.now().toISOString();
    tenants = [{ ...hanging, metadata: { ...hanging.metadata, deletionTimestamp } }];
    await clock.advance(everyMs);
    await stop();
    const before = store.lasted('existence');
    const other = aLivingTenant(begunMs);
    tenants.push(other);
    start();

    await clock.advance(10 * everyMs);

    const counted = store.known.get(other.metadata?.uid ?? '');
    expect(counted?.cursors.existence?.untilMs).toBe(clock.now().getTime());
    expect(store.lasted('existence') - before).toBe(clock.now().getTime() - begunMs);
    expect(await registry.metrics()).toContain('marina_usage_overtaken_total 0');
  });

  it('closes one that is gone and was not seen to go, after ten minutes', async () => {
    const tenant = aLivingTenant();
    tenants = [tenant];
    start();
    await clock.advance(2 * everyMs);

    tenants = [];
    await clock.advance(13 * everyMs);

    const { deletedMs } = store.known.get(tenant.metadata?.uid ?? '')?.subject ?? {};
    expect(deletedMs).toBe(begunMs + 2 * everyMs);
    expect(minutes(store.lasted('existence'))).toBe(2);
  });

  it('loses nothing to a clock that is ahead for a minute', async () => {
    tenants = [aLivingTenant()];
    isMeasured = true;
    start();
    await clock.advance(5 * everyMs);

    clock.jumpWall(6 * hourMs);
    await clock.advance(everyMs);
    clock.jumpWall(-6 * hourMs);
    await clock.advance(5 * everyMs);

    expect(minutes(store.lasted('resources'))).toBe(11);
    expect(minutes(store.lasted('existence'))).toBe(11);
  });
});
