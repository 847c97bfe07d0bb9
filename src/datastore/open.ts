import type { Failpoints } from '../engine/failpoints.ts';
import type { DataStoreConnection, DataStoreDriver } from './driver.ts';
import { EtcdDriver } from './etcd/driver.ts';

/** A driver for the store. Connects on first use, and loads the store's client library only then. */
export function openDataStore(connection: DataStoreConnection, failpoints?: Failpoints): DataStoreDriver {
  return new EtcdDriver(connection, failpoints);
}
