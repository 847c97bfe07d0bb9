import type { DataStore } from '../../api/v1alpha1/data-store.ts';
import { findCondition, isTrue } from '../../engine/conditions.ts';
import type { Candidate } from './choose.ts';

/** Bytes that a control plane is reckoned with at least: one that has just been placed shows in no figure yet. */
const expectedBytes = 16 * 2 ** 20;

/** `tenants`: control planes that name the store, or are about to. */
export function toCandidate(dataStore: DataStore, tenants: number): Candidate {
  const obstacle = obstacleOf(dataStore, tenants);
  return {
    name: dataStore.metadata?.name ?? '',
    labels: dataStore.metadata?.labels ?? {},
    ...(obstacle !== undefined && { obstacle }),
    usedShare: usedShareOf(dataStore, tenants),
    tenants,
  };
}

function obstacleOf({ metadata, status }: DataStore, tenants: number): string | undefined {
  if (metadata?.deletionTimestamp) return 'is being deleted';
  const ready = findCondition(status?.conditions, 'Ready');
  if (ready?.status === 'False') return `is not Ready (${ready.reason})`;
  if (!isTrue(status?.conditions, 'Ready', metadata?.generation)) return 'has not been looked at yet';
  const scarce = status?.conditions?.find(({ reason }) => refusing.has(reason));
  if (scarce) return `has too little left (${scarce.reason})`;
  const capacity = status?.tenantCapacity;
  if (capacity === undefined || tenants < capacity) return undefined;
  return `has all the control planes that it is good for (${capacity})`;
}

/** Reasons of what runs out, with which a store keeps the rest for those that it has. */
const refusing: ReadonlySet<string> = new Set(['SpaceVeryLow', 'ConnectionsVeryLow']);

function usedShareOf({ status }: DataStore, tenants: number): number {
  const { quotaBytes, quotaPercent, connections, tenantCapacity } = status ?? {};
  return Math.max(
    (quotaPercent ?? 0) / 100,
    share(tenants * expectedBytes, quotaBytes),
    share(connections?.used ?? 0, connections?.limit),
    share(tenants, tenantCapacity),
  );
}

/** 0 of what has no limit. */
function share(used: number, limit: number | undefined): number {
  return limit === undefined || limit <= 0 ? 0 : used / limit;
}
