import type { Secret } from '../../kube/resources.ts';
import { done, type StepResult } from '../component.ts';
import type { ControlPlaneDependencies } from '../dependencies.ts';
import { annotations } from '../names.ts';
import { hasReached } from '../timeline.ts';
import type { View } from '../view.ts';
import { onStore } from './on-store.ts';
import { storeOf } from './store-of.ts';
import { possiblyStrange } from './usable.ts';

/** On the credential, which is written before there is a partition: where that is, or is being made. */
export function madeIn(dataStore: string): NonNullable<Secret['metadata']>['annotations'] {
  return { [annotations.dataStore]: dataStore };
}

/**
 * The DataStore in which a partition may have been begun before another one was wished for. Only of a control plane without a state: one
 * that has it is moved, and knows where it was.
 */
export function formerStoreOf({ tenant, dataStoreAccess }: View): string | undefined {
  const begunIn = dataStoreAccess?.metadata?.annotations?.[annotations.dataStore];
  return hasReached(tenant, 'PartitionReady') || begunIn === storeOf(tenant) ? undefined : begunIn;
}

/** Takes away what was begun there. A DataStore that is gone had no users left. */
export async function clearFormerStore(
  view: View,
  { caches, connections, fence }: Pick<ControlPlaneDependencies, 'caches' | 'connections' | 'fence'>,
): Promise<StepResult> {
  const former = formerStoreOf(view);
  const dataStore = former === undefined ? undefined : caches.dataStores.get({ name: former });
  if (!dataStore) return done(undefined);
  const stranger = possiblyStrange(dataStore);
  if (stranger) return stranger;
  const opened = connections.open(dataStore);
  if (!opened.ok) return done(undefined);
  return await onStore(opened, (driver) => driver.deletePartition(view.names.runtimeId, { fence }));
}
