import type { DataStore } from '../../api/v1alpha1/data-store.ts';
import type { DataStoreConnections } from '../../datastore/connections.ts';
import type { DataStoreDriver } from '../../datastore/driver.ts';
import { DataStoreError } from '../../datastore/errors.ts';
import type { Informer } from '../../kube/informer.ts';
import { unusable } from './usable.ts';

export interface Stores {
  readonly dataStores: Pick<Informer<DataStore>, 'get'>;
  readonly connections: DataStoreConnections;
}

/** @throws DataStoreError when there is no such DataStore, or none that can be used now */
export async function openDriver(
  name: string,
  { dataStores, connections }: Stores,
): Promise<DataStoreDriver> {
  const operation = `open DataStore ${name}`;
  const dataStore = dataStores.get({ name });
  if (!dataStore) throw new DataStoreError('Unreachable', operation, 'there is none of this name');
  const problem = unusable(dataStore);
  if (problem) throw new DataStoreError('Unreachable', operation, problem.message);
  const opened = connections.open(dataStore);
  if (!opened.ok) throw new DataStoreError('Unauthenticated', operation, opened.message);
  return await opened.driver();
}
