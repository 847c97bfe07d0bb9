import type { ControlPlaneQuota, ControlPlaneQuotaStatus } from '../api/v1alpha1/control-plane-quota.ts';
import type { TenantControlPlane } from '../api/v1alpha1/tenant-control-plane.ts';
import {
  add,
  amountsOf,
  dimensions,
  formatAmount,
  type Hard,
  nothing,
} from '../controlplane/admission/amounts.ts';
import { findCondition } from '../engine/conditions.ts';

/** Names that the status has at most. */
const most = 10;

/** `tenants`: all of the namespace. Told is what has been given, be it of one that is being deleted. */
export function buildQuotaStatus(
  { metadata }: ControlPlaneQuota,
  hard: Hard,
  tenants: readonly TenantControlPlane[],
): ControlPlaneQuotaStatus {
  const given = tenants.flatMap(({ status }) => (status?.admitted ? [amountsOf(status.admitted)] : []));
  const waiting = tenants.filter(
    ({ metadata: { deletionTimestamp } = {}, status }) =>
      !deletionTimestamp && findCondition(status?.conditions, 'WithinQuota')?.status === 'False',
  );
  return {
    observedGeneration: metadata?.generation,
    hard: toText(hard),
    used: toText(given.reduce(add, nothing)),
    waiting: waiting
      .map((tenant) => tenant.metadata?.name ?? '')
      .toSorted()
      .slice(0, most),
  };
}

function toText(amounts: Hard): NonNullable<ControlPlaneQuotaStatus['used']> {
  const { controlPlanes, ...others } = amounts;
  const texts = dimensions.flatMap((name) => {
    const amount = name === 'controlPlanes' ? undefined : others[name];
    return amount === undefined ? [] : [[name, formatAmount(name, amount)] as const];
  });
  return { ...(controlPlanes !== undefined && { controlPlanes }), ...Object.fromEntries(texts) };
}
