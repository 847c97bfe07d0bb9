import { type DataStore, dataStores, type DataStoreStatus } from '../api/v1alpha1/data-store.ts';
import { needsPerson } from '../api/v1alpha1/reasons.ts';
import { findCondition } from '../engine/conditions.ts';
import type { EventRecorder } from '../kube/events.ts';

const told = ['Ready', 'Compacted', 'SpaceAvailable', 'ConnectionsAvailable'] as const;

/** One Event when the store comes, goes or changes how it ails; and when something begins to run out, or no longer does. */
export function recordChange(events: EventRecorder, dataStore: DataStore, status: DataStoreStatus): void {
  const regarding = { ...dataStore, apiVersion: dataStores.apiVersion, kind: dataStores.kind };
  for (const type of told) {
    const before = findCondition(dataStore.status?.conditions, type);
    const after = findCondition(status.conditions, type);
    if (!after || after.reason === before?.reason) continue;
    const isAsBefore = before === undefined && after.status === 'True' && type !== 'Ready';
    if (isAsBefore || isToldByReady(type, after.reason)) continue;
    events.record(regarding, needsPerson(after.reason) ? 'Warning' : 'Normal', after.reason, after.message);
  }
}

/** A full store is not Ready, and says so once. */
function isToldByReady(type: string, reason: string): boolean {
  return type === 'SpaceAvailable' && reason === 'DataStoreNoSpace';
}
