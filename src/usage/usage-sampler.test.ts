import { describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { aTenant } from '../../test/support/tenant.ts';
import type { TenantControlPlane } from '../api/v1alpha1/tenant-control-plane.ts';
import type { ControlPlaneCaches } from '../controlplane/view.ts';
import { silentLog } from '../engine/log.ts';
import { KubeError } from '../kube/errors.ts';
import type { Changes, Known, UsageStore } from './changes.ts';
import { UsageMetrics } from './usage-metrics.ts';
import { UsageSampler } from './usage-sampler.ts';

const everyMs = 60_000;
const uid = aTenant().metadata?.uid ?? '';

/** Accepted as the clock begins. */
function accepted(): TenantControlPlane {
  const time = '2026-01-01T00:00:00Z';
  return {
    ...aTenant({}, { creationTimestamp: time }),
    status: { timeline: [{ step: 'Accepted', time, milliseconds: 0 }] },
  };
}

function aSampler(tenants: TenantControlPlane[], answers: { load?: boolean; commit?: 'Overtaken' | 'away' }) {
  const clock = new ManualClock();
  const registry = new Registry();
  const written: Changes[] = [];
  let known: ReadonlyMap<string, Known> = new Map();
  const store: UsageStore = {
    load: async () => {
      if (answers.load === false) throw new Error('away');
      return known;
    },
    commit: async (changes) => {
      if (answers.commit === 'away') throw new Error('away');
      if (answers.commit === 'Overtaken') return 'Overtaken';
      written.push(changes);
      return 'Committed';
    },
  };
  const none = { list: () => [], get: () => undefined, byIndex: () => [] };
  const caches = {
    dataStores: none,
    pods: none,
    tenants: { list: () => tenants, onChange: () => () => {} },
  } as unknown as ControlPlaneCaches;
  const absent = new KubeError({ code: 'NotFound', operation: 'list pods', message: 'no such API' });
  const sampler = new UsageSampler({
    client: { list: () => Promise.reject(absent) },
    caches,
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
  return {
    clock,
    registry,
    written,
    remember: (present: Known) => (known = new Map([[present.subject.uid, present]])),
    spans: () =>
      written.flatMap(({ samples }) => samples.map(({ startMs, endMs }) => (endMs - startMs) / everyMs)),
    stop: async () => {
      stopping.abort();
      await clock.advance(0);
      await running;
    },
  };
}

describe('the sampler', () => {
  it('counts from the beginning when its store was away as it began to lead', async () => {
    const answers: { load?: boolean } = { load: false };
    const sampler = aSampler([accepted()], answers);
    await sampler.clock.advance(2.5 * everyMs);
    expect(sampler.written).toEqual([]);

    answers.load = true;
    await sampler.clock.advance(everyMs);

    expect(sampler.spans()).toEqual([3]);
    await sampler.stop();
  });

  it('writes later what could not be written', async () => {
    const answers: { commit?: 'away' } = { commit: 'away' };
    const sampler = aSampler([accepted()], answers);
    await sampler.clock.advance(2 * everyMs);
    expect(await sampler.registry.metrics()).toContain('marina_usage_pending_samples 1');

    delete answers.commit;
    await sampler.clock.advance(2 * everyMs);

    expect(sampler.spans()).toEqual([3, 1]);
    expect(await sampler.registry.metrics()).toContain('state="running"} 240');
    await sampler.stop();
    expect(await sampler.registry.metrics()).not.toContain('state="running"');
  });

  it('goes on from what somebody else has counted', async () => {
    const answers: { commit?: 'Overtaken' } = { commit: 'Overtaken' };
    const sampler = aSampler([accepted()], answers);
    await sampler.clock.advance(1.5 * everyMs);
    const acceptedMs = Date.parse('2026-01-01T00:00:00Z');
    const untilMs = acceptedMs + 1.5 * everyMs;
    sampler.remember({
      subject: { uid, namespace: 'team-a', name: 'demo', acceptedMs },
      cursors: { existence: { untilMs, isStopped: false, className: '', size: '' } },
    });

    delete answers.commit;
    await sampler.clock.advance(everyMs);

    expect(sampler.spans()).toEqual([0.5]);
    await sampler.stop();
  });

  it('closes one that is gone and was not seen to go, after ten minutes', async () => {
    const tenants = [accepted()];
    const sampler = aSampler(tenants, {});
    await sampler.clock.advance(2 * everyMs);

    tenants.pop();
    await sampler.clock.advance(13 * everyMs);

    const closed = sampler.written.flatMap(({ subjects }) => subjects).filter(({ deletedMs }) => deletedMs);
    expect(closed).toEqual([expect.objectContaining({ uid, deletedMs: Date.parse('2026-01-01T00:02:00Z') })]);
    expect(sampler.spans()).toEqual([1, 1]);
    await sampler.stop();
  });
});
