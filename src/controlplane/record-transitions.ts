import { apiVersion } from '../api/v1alpha1/meta.ts';
import type { TenantControlPlane, TenantControlPlaneStatus } from '../api/v1alpha1/tenant-control-plane.ts';
import { findCondition } from '../engine/conditions.ts';
import type { EventRecorder } from '../kube/events.ts';

/** Reasons that belong to a birth or a change, and pass. */
const ordinaryReasons =
  /^(.*Pending|.*Starting|RollingOut|CacheBehind|ServiceUnreachable|Endpoint.*|TokenNotSigned|PutBack)$/;

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
    if ((!isLoss && ordinaryReasons.test(after.reason)) || reported.has(after.reason)) continue;
    reported.add(after.reason);
    events.record(regarding(tenant), 'Warning', after.reason, after.message);
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

function regarding(tenant: TenantControlPlane) {
  return { ...tenant, apiVersion, kind: 'TenantControlPlane' };
}
