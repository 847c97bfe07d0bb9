import type { Failpoints } from '../engine/failpoints.ts';
import type { DataStoreConnection, DataStoreDriver } from './driver.ts';
import { EtcdDriver } from './etcd/driver.ts';
import { PostgresDriver } from './postgres/driver.ts';

/** A driver for the store. Connects on first use, and loads the store's client library only then. */
export function openDataStore(connection: DataStoreConnection, failpoints?: Failpoints): DataStoreDriver {
  switch (connection.driver) {
    case 'etcd':
      return new EtcdDriver(connection, failpoints);
    case 'postgres':
      return new PostgresDriver(connection, failpoints);
  }
}
