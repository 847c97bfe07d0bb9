import type { DataStore } from '../../api/v1alpha1/data-store.ts';
import { findCondition } from '../../engine/conditions.ts';
import { failed, type Unfinished, waiting } from '../component.ts';

/** Milliseconds until one that waits for a look at its store asks again, should the event have been missed. */
const uncheckedRetryMs = 5_000;

/**
 * Why the store cannot be used, as its own status says of its present specification. Each tenant that asked for itself would
 * be one more caller of a store that has trouble enough; when it is Ready again, all of them are told.
 */
export function unusable(dataStore: DataStore): Unfinished | undefined {
  const stranger = possiblyStrange(dataStore);
  if (stranger) return stranger;
  const ready = readyNow(dataStore);
  if (ready?.status !== 'False') return undefined;
  return failed('DataStoreUnhealthy', `DataStore ${dataStore.metadata?.name} is not Ready: ${ready.message}`);
}

/** Why nothing may be removed either: what answers may be another store than the one that holds the tenant. */
export function possiblyStrange(dataStore: DataStore): Unfinished | undefined {
  const { metadata, status } = dataStore;
  if (status?.storeId !== undefined && status.observedGeneration !== metadata?.generation) {
    const message = `DataStore ${metadata?.name} has been changed and is looked at first.`;
    return waiting('DataStoreUnchecked', message, uncheckedRetryMs);
  }
  const ready = readyNow(dataStore);
  if (ready?.reason !== 'StoreChanged') return undefined;
  return failed('StoreChanged', `DataStore ${metadata?.name}: ${ready.message}`);
}

function readyNow({ metadata, status }: DataStore) {
  const ready = findCondition(status?.conditions, 'Ready');
  return ready?.observedGeneration === metadata?.generation ? ready : undefined;
}
