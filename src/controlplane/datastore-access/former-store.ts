import type { DataStore } from '../../api/v1alpha1/data-store.ts';
import type { Secret } from '../../kube/resources.ts';
import { failed, type Unfinished } from '../component.ts';
import type { ControlPlaneDependencies } from '../dependencies.ts';
import { annotations } from '../names.ts';
import { hasReached } from '../timeline.ts';
import type { View } from '../view.ts';
import { onStore } from './on-store.ts';
import { storeOf } from './store-of.ts';
import { unusable } from './usable.ts';

/*
 * A partition is begun before the status can tell of it, and another store may be wished for in between. The credential names the DataStores in which
 * there may be something, the one that it is for first; it is written before anything is made there.
 */

/** On the credential. `others`: DataStores in which something may have been left. */
export function madeIn(
  store: string,
  others: readonly string[],
): NonNullable<Secret['metadata']>['annotations'] {
  return { [annotations.dataStore]: [store, ...others].join() };
}

function recordedIn({ dataStoreAccess }: View): readonly string[] {
  return dataStoreAccess?.metadata?.annotations?.[annotations.dataStore]?.split(',') ?? [];
}

/** DataStores in which a partition may have been begun before the one that is wanted now. Where one was moved from is its migration's to know. */
export function formerStoresOf(view: View): readonly string[] {
  const [begunIn, ...others] = recordedIn(view);
  const isMoved = hasReached(view.tenant, 'PartitionReady');
  return [...(isMoved ? [] : [begunIn]), ...others].filter(
    (store): store is string => store !== undefined && store !== storeOf(view.tenant),
  );
}

/** Something runs on what was begun in another store, and no status has told of it yet: its contents would be left behind. */
export function wouldLeaveContents(view: View): Unfinished | undefined {
  const [begunIn] = recordedIn(view);
  if (hasReached(view.tenant, 'PartitionReady') || !view.deployment || !begunIn) return undefined;
  if (begunIn === storeOf(view.tenant)) return undefined;
  return failed(
    'SpecInvalid',
    `spec.dataStore has to be ${begunIn}, where the cluster was begun, until the status has told so; then it can be moved.`,
  );
}

/** Takes away what was begun elsewhere, where that can be done now. Returns the stores that are left. */
export async function clearFormerStores(
  view: View,
  { caches, connections, fence }: Pick<ControlPlaneDependencies, 'caches' | 'connections' | 'fence'>,
): Promise<readonly string[]> {
  const left: string[] = [];
  for (const name of formerStoresOf(view)) {
    const former = caches.dataStores.get({ name });
    // One that is gone had no users left; another name of the same store has the same partition.
    if (!former || isSameStore(former, view.dataStore)) continue;
    const opened = mayBeCleared(former, view.dataStore) ? connections.open(former) : undefined;
    const cleared = opened?.ok
      ? await onStore(opened, (driver) => driver.deletePartition(view.names.runtimeId, { fence }))
      : undefined;
    if (cleared?.state !== 'Done') left.push(name);
  }
  return left;
}

function isSameStore(one: DataStore, other: DataStore | undefined): boolean {
  return one.status?.storeId !== undefined && one.status.storeId === other?.status?.storeId;
}

/** It is known who both are, and the former one answers. */
function mayBeCleared(former: DataStore, current: DataStore | undefined): boolean {
  const areKnown = former.status?.storeId !== undefined && current?.status?.storeId !== undefined;
  return areKnown && unusable(former) === undefined;
}
