import { apiVersion } from '../api/v1alpha1/meta.ts';
import { needsPerson, wantedReasons } from '../api/v1alpha1/reasons.ts';
import type { TenantControlPlane, TenantControlPlaneStatus } from '../api/v1alpha1/tenant-control-plane.ts';
import { findCondition } from '../engine/conditions.ts';
import type { EventRecorder } from '../kube/events.ts';

/** Conditions whose coming and going a person wants to be told of. */
const told = ['Ready', 'WorkloadReady', 'AddonsReady'] as const;

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
      if (type === 'Ready') events.record(regarding(tenant), 'Normal', 'Ready', after.message);
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

function regarding(tenant: TenantControlPlane) {
  return { ...tenant, apiVersion, kind: 'TenantControlPlane' };
}
