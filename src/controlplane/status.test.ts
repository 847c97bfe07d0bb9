import { describe, expect, it } from '@jest/globals';
import { aClass } from '../../test/support/control-plane-class.ts';
import { aProgress } from '../../test/support/progress.ts';
import { aTenant } from '../../test/support/tenant.ts';
import { findCondition } from '../engine/conditions.ts';
import { takeClass } from './class/in-force.ts';
import { done, failed, waiting } from './component.ts';
import { tenantNames } from './names.ts';
import { heldProgress } from './placement/place.ts';
import { buildStatus, type Progress } from './status.ts';

const now = new Date('2026-11-21T08:00:07.250Z');

const allDone = aProgress({ version: 'v1.36.3' });

function statusOf(progress: Partial<Progress>, tenant = aTenant()) {
  return buildStatus(tenant, tenantNames(tenant, 'marina-tenants'), { ...allDone, ...progress }, now);
}

describe('buildStatus', () => {
  it('is Ready when every part that joining needs is', () => {
    const status = statusOf({});

    expect(findCondition(status.conditions, 'Ready')).toMatchObject({
      status: 'True',
      observedGeneration: 1,
    });
    expect(status).toMatchObject({
      phase: 'Ready',
      controlPlaneEndpoint: '192.0.2.7:31234',
      version: 'v1.36.3',
      adminKubeconfig: { name: 'demo-kubeconfig', key: 'value' },
      replicas: 1,
    });
  });

  it('gives Ready the reason and the message of what failed rather than of what waits', () => {
    const status = statusOf({
      workload: waiting('ApiServerStarting', 'The API server is starting.'),
      bootstrap: failed('PatchFailed', 'kubelet-config: patch 0 does not apply'),
    });

    expect(findCondition(status.conditions, 'Ready')).toMatchObject({
      status: 'False',
      reason: 'PatchFailed',
      message: 'kubelet-config: patch 0 does not apply',
    });
    expect(status.phase).toBe('Degraded');
  });

  it('is Ready without addons, and says so apart', () => {
    const status = statusOf({ addons: failed('ApplyFailed', 'coredns: denied') });

    expect(findCondition(status.conditions, 'Ready')?.status).toBe('True');
    expect(findCondition(status.conditions, 'AddonsReady')).toMatchObject({
      status: 'False',
      message: 'coredns: denied',
    });
  });

  it('does not say that the workload exists while it waits for others to start', () => {
    const steps = (reason: 'StartPending' | 'ApiServerStarting') =>
      statusOf({ workload: waiting(reason, 'waiting') }).timeline?.map(({ step }) => step);

    expect(steps('StartPending')).not.toContain('WorkloadCreated');
    expect(steps('ApiServerStarting')).toContain('WorkloadCreated');
  });

  it('needs the published address only when the spec requires its check', () => {
    const unreachable = { endpointCheck: waiting('EndpointUnreachable', 'no answer') };
    const skipping = aTenant({ networkProfile: { endpointCheck: 'Skip' } });

    expect(findCondition(statusOf(unreachable).conditions, 'Ready')?.reason).toBe('EndpointUnreachable');
    expect(findCondition(statusOf(unreachable, skipping).conditions, 'Ready')?.status).toBe('True');
  });

  it('is Stopped at zero replicas', () => {
    expect(statusOf({ workload: waiting('Stopped', 'replicas is 0') }).phase).toBe('Stopped');
  });

  it('notes when each step was reached first, and never again', () => {
    const first = statusOf({
      workload: waiting('ApiServerStarting', 'starting'),
      bootstrap: waiting('ApiServerPending', ''),
    });
    const later = buildStatus(
      { ...aTenant(), status: first },
      tenantNames(aTenant(), 'marina-tenants'),
      allDone,
      new Date('2026-11-21T08:00:09Z'),
    );

    expect(first.timeline?.map(({ step }) => step)).not.toContain('Ready');
    expect(later.timeline).toEqual(
      expect.arrayContaining([
        { step: 'Accepted', time: '2026-11-21T08:00:07Z', milliseconds: 7250 },
        { step: 'Ready', time: '2026-11-21T08:00:09Z', milliseconds: 9000 },
      ]),
    );
  });

  it('says of a workload that could not be brought up to date which specification it is of', () => {
    const first = statusOf({});
    const changed = { ...aTenant({}, { generation: 2 }), status: first };

    const during = statusOf({ partition: failed('DataStoreUnhealthy', 'no endpoint answers') }, changed);
    const after = statusOf({}, { ...changed, status: during });

    expect(findCondition(during.conditions, 'WorkloadReady')).toMatchObject({
      status: 'True',
      observedGeneration: 1,
    });
    expect(findCondition(during.conditions, 'Ready')).toMatchObject({
      status: 'False',
      observedGeneration: 2,
    });
    expect(findCondition(after.conditions, 'WorkloadReady')?.observedGeneration).toBe(2);
  });

  it('says why nothing is made of one that its class or quota keeps out', () => {
    const held = failed('QuotaExceeded', 'cpu: 4 of 4 in use, 1 more wanted');
    const status = statusOf({ ...heldProgress(), admission: { held, withinQuota: held } });

    expect(status.phase).toBe('Pending');
    expect(findCondition(status.conditions, 'Ready')).toMatchObject({
      status: 'False',
      reason: 'QuotaExceeded',
    });
    expect(findCondition(status.conditions, 'WithinQuota')?.status).toBe('False');
    expect(findCondition(status.conditions, 'ClassApplied')).toBeUndefined();
  });

  it('stays Ready when an edit goes beyond its class, and forgets class and quota when there are none', () => {
    const outside = failed('OutsideClass', 'spec.size: huge is none of small');
    const during = statusOf({ admission: { classApplied: outside, withinQuota: done(undefined) } });
    const after = statusOf({}, { ...aTenant(), status: during });

    expect(findCondition(during.conditions, 'Ready')?.status).toBe('True');
    expect(findCondition(during.conditions, 'ClassApplied')).toMatchObject({
      status: 'False',
      reason: 'OutsideClass',
    });
    expect(findCondition(during.conditions, 'WithinQuota')?.status).toBe('True');
    expect(after.conditions?.map(({ type }) => type)).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/ClassApplied|WithinQuota/)]),
    );
  });

  it('notes when it was first all that its class says, which one that is rolling out or not Ready is not', () => {
    const inForce = takeClass(aClass(), new Date('2026-11-21T08:00:00Z'));
    const tenant = { ...aTenant(), status: { class: inForce } };
    const rolling = done({ readyReplicas: 1, serving: [], rollout: waiting('RollingOut', '0 of 1') });

    expect(statusOf({ workload: rolling }, tenant).class).toEqual(inForce);
    expect(statusOf({ bootstrap: waiting('ApiServerPending', '') }, tenant).class).toEqual(inForce);
    expect(statusOf({}, tenant).class).toEqual({ ...inForce, readyAt: '2026-11-21T08:00:07Z' });
    expect(statusOf({ addons: failed('ApplyFailed', '') }, tenant).class).toEqual(inForce);
    expect(statusOf({ admission: { isShort: true } }, tenant).class).toEqual(inForce);
    expect(statusOf({ workload: waiting('Stopped', '') }, tenant).class?.readyAt).toBeDefined();
  });

  it('says when its life ends, and that it does soon', () => {
    const endMs = Date.parse('2026-11-21T09:00:00Z');
    const alive = statusOf({ expiry: { state: 'Alive', expiresAtMs: endMs, lookAtMs: endMs } });
    expect(alive).toMatchObject({ expiresAt: '2026-11-21T09:00:00Z' });
    expect(findCondition(alive.conditions, 'Expiring')).toBeUndefined();

    const expiry = {
      state: 'Warned',
      expiresAtMs: endMs,
      lookAtMs: endMs,
      warnedAtMs: now.getTime(),
    } as const;
    const warned = statusOf({ expiry }, { ...aTenant(), status: alive });
    expect(warned.expiryWarnedAt).toBe('2026-11-21T08:00:07Z');
    expect(findCondition(warned.conditions, 'Expiring')).toMatchObject({
      status: 'True',
      reason: 'ExpiresSoon',
      message: expect.stringContaining('2026-11-21T09:00:00Z'),
    });

    const prolonged = statusOf({ expiry: { state: 'Endless' } }, { ...aTenant(), status: warned });
    expect(prolonged.expiresAt).toBeUndefined();
    expect(findCondition(prolonged.conditions, 'Expiring')).toBeUndefined();
  });

  it('is the same again when nothing changed', () => {
    const first = statusOf({});

    expect(statusOf({}, { ...aTenant(), status: first })).toEqual(first);
  });
});
