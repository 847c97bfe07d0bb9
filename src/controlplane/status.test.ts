import { describe, expect, it } from '@jest/globals';
import { aProgress } from '../../test/support/progress.ts';
import { aTenant } from '../../test/support/tenant.ts';
import { findCondition } from '../engine/conditions.ts';
import { failed, waiting } from './component.ts';
import { tenantNames } from './names.ts';
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

  it('is the same again when nothing changed', () => {
    const first = statusOf({});

    expect(statusOf({}, { ...aTenant(), status: first })).toEqual(first);
  });
});
