import { apiVersion } from '../api/v1alpha1/meta.ts';
import { needsPerson, wantedReasons } from '../api/v1alpha1/reasons.ts';
import type { TenantControlPlane, TenantControlPlaneStatus } from '../api/v1alpha1/tenant-control-plane.ts';
import { findCondition } from '../engine/conditions.ts';
import type { EventRecorder, EventType } from '../kube/events.ts';

/** Conditions whose coming and going a person wants to be told of. */
const told = ['Ready', 'WorkloadReady', 'AddonsReady', 'ClassApplied', 'WithinQuota', 'Expiring'] as const;

const toldWhenTrue: Partial<Record<(typeof told)[number], { type: EventType; reason: string }>> = {
  Ready: { type: 'Normal', reason: 'Ready' },
  Expiring: { type: 'Warning', reason: 'ExpiresSoon' },
};

/** Few and useful Events: Ready came or went, or something needs a person. */
export function recordTransitions(
  events: EventRecorder,
  tenant: TenantControlPlane,
  status: TenantControlPlaneStatus,
): void {
  const reported = new Set<string>();
  for (const type of told) {
    const before = findCondition(tenant.status?.conditions, type);
    const after = findCondition(status.conditions, type);
    if (!after || (after.status === before?.status && after.reason === before.reason)) continue;
    if (after.status === 'True') {
      const news = toldWhenTrue[type];
      if (news) events.record(regarding(tenant), news.type, news.reason, after.message);
      continue;
    }
    const isLoss = type === 'Ready' && before?.status === 'True';
    if ((!isLoss && !needsPerson(after.reason)) || reported.has(after.reason)) continue;
    reported.add(after.reason);
    const isWanted = Object.hasOwn(wantedReasons, after.reason);
    events.record(regarding(tenant), isWanted ? 'Normal' : 'Warning', after.reason, after.message);
  }
}

/** What was changed inside the tenant cluster, and is as it was again. */
export function recordDrift(
  events: EventRecorder,
  tenant: TenantControlPlane,
  putBack: readonly string[],
): void {
  if (putBack.length === 0) return;
  events.record(
    regarding(tenant),
    'Warning',
    'Drift',
    `Changed inside the tenant cluster and put back: ${putBack.join('; ')}`,
  );
}

/** What keeps a deletion from going on and needs a person. */
export function recordObstacle(
  events: EventRecorder,
  tenant: TenantControlPlane,
  { reason, message }: { readonly reason: string; readonly message: string },
): void {
  const before = findCondition(tenant.status?.conditions, 'Ready');
  if (reason === 'Deleting' || reason === before?.reason) return;
  events.record(regarding(tenant), 'Warning', reason, message);
}

/** Its life is over: it is deleted now. */
export function recordExpiry(events: EventRecorder, tenant: TenantControlPlane): void {
  events.record(regarding(tenant), 'Normal', 'LifetimeOver', 'Its life is over: it is deleted.');
}

function regarding(tenant: TenantControlPlane) {
  return { ...tenant, apiVersion, kind: 'TenantControlPlane' };
}
