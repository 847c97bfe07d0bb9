import { secrets } from '../../kube/resources.ts';
import { done, failed, type StepResult } from '../component.ts';
import { onStore } from '../datastore-access/on-store.ts';
import { formerStoresOf } from '../datastore-access/former-store.ts';
import { storesOf } from '../datastore-access/store-of.ts';
import { possiblyStrange } from '../datastore-access/usable.ts';
import type { ControlPlaneDependencies } from '../dependencies.ts';
import { hasReached } from '../timeline.ts';
import type { View } from '../view.ts';
import {
  decidePartition,
  isYoungerThanPartition,
  mayHavePartition,
  type Notice,
  type PartitionFacts,
  partitionNotFound,
} from './abandon.ts';

/** Removes the partition wherever it may be, or finds out why not and whether that may be left so; what it leaves behind is in the notice. */
export async function removePartition(
  view: View,
  dependencies: ControlPlaneDependencies,
): Promise<StepResult<Notice | undefined>> {
  let notice: Notice | undefined;
  for (const store of storesToClear(view)) {
    const removed = await removeFrom(store, view, dependencies);
    if (removed.state !== 'Done') return removed;
    notice ??= removed.value;
  }
  return done(notice);
}

/** Without a state there is at most what was begun before another store was wished for. */
function storesToClear(view: View): readonly string[] {
  const former = formerStoresOf(view);
  const hasState = hasReached(view.tenant, 'PartitionReady');
  return former.length > 0 && !hasState ? former : [...storesOf(view.tenant), ...former];
}

async function removeFrom(
  store: string,
  view: View,
  dependencies: ControlPlaneDependencies,
): Promise<StepResult<Notice | undefined>> {
  const { tenant, names } = view;
  const dataStore = dependencies.caches.dataStores.get({ name: store });
  const answer = await askStore({ store, dataStore }, view, dependencies);
  const mayExist =
    answer.state === 'Done' || mayHavePartition(tenant, await hasCredential(view, dependencies));
  return decidePartition({ tenant, names, store, dataStore, answer, mayExist });
}

async function askStore(
  { store, dataStore }: Pick<PartitionFacts, 'store' | 'dataStore'>,
  { names, tenant }: View,
  { connections, fence }: ControlPlaneDependencies,
): Promise<StepResult<Notice | undefined>> {
  if (!dataStore) return failed('DataStoreNotFound', `there is no DataStore ${store}`);
  const stranger = possiblyStrange(dataStore);
  if (stranger) return stranger;
  const opened = connections.open(dataStore);
  if (!opened.ok) return failed(opened.reason, opened.message);
  let notice: Notice | undefined;
  const result = await onStore(opened, async (driver) => {
    if (isYoungerThanPartition(dataStore, tenant)) {
      const { userExists, roleExists, keys } = await driver.inspectPartition(names.runtimeId);
      if (!userExists && !roleExists && keys === 0) notice = partitionNotFound(dataStore, names);
    }
    await driver.deletePartition(names.runtimeId, { fence });
  });
  return result.state === 'Done' ? done(notice) : result;
}

async function hasCredential(view: View, { client }: ControlPlaneDependencies): Promise<boolean> {
  const { namespace, dataStoreAccess: name } = view.names;
  return Boolean(view.dataStoreAccess ?? (await client.get(secrets, { namespace, name })));
}
