import type { DataStore } from '../api/v1alpha1/data-store.ts';
import type { TenantControlPlane } from '../api/v1alpha1/tenant-control-plane.ts';
import type { Stores } from '../controlplane/datastore-access/open-driver.ts';
import { storeOf } from '../controlplane/datastore-access/store-of.ts';
import { unusable } from '../controlplane/datastore-access/usable.ts';
import type { DataStoreDriver } from '../datastore/driver.ts';
import { ObstacleError } from './outcome.ts';

export interface OpenedStore {
  readonly dataStore: DataStore;
  readonly driver: DataStoreDriver;
}

/** Milliseconds until a store that is not fit is looked at again. */
const lookAgainMs = 5_000;

/** The DataStore that keeps a tenant's state, open. @throws ObstacleError when there is none, or it is not the one that it was, or not Ready */
export async function storeOfTenant(
  tenant: TenantControlPlane,
  { dataStores, connections }: Stores,
): Promise<OpenedStore> {
  const name = storeOf(tenant) ?? '';
  const dataStore = dataStores.get({ name });
  if (!dataStore) {
    throw new ObstacleError({ reason: 'DataStoreNotFound', message: `There is no DataStore ${name}.` });
  }
  const problem = unusable(dataStore);
  if (problem) {
    throw new ObstacleError({ reason: 'DataStoreUnhealthy', message: problem.message, lookAgainMs });
  }
  const opened = connections.open(dataStore);
  if (!opened.ok) throw new ObstacleError({ reason: opened.reason, message: opened.message });
  return { dataStore, driver: await opened.driver() };
}
