import { createHash } from 'node:crypto';
import type { DataStoreConnection, DataStoreDriver } from './driver.ts';
import { openDataStore } from './open.ts';

interface Entry {
  /** Hash of the connection: the credential itself need not be kept twice. */
  readonly key: string;
  readonly driver: DataStoreDriver;
}

/** One open driver a DataStore, shared by everything that uses that store. */
export class DataStorePool {
  readonly #open: (connection: DataStoreConnection) => DataStoreDriver;
  readonly #entries = new Map<string, Entry>();

  constructor(open: (connection: DataStoreConnection) => DataStoreDriver = openDataStore) {
    this.#open = open;
  }

  /**
   * The driver of the DataStore called `name`. When the connection is another than last time (a renewed certificate, a new member),
   * the driver before is closed; what it was doing fails and is tried again by its caller.
   */
  async use(name: string, connection: DataStoreConnection): Promise<DataStoreDriver> {
    const key = hash(connection);
    const present = this.#entries.get(name);
    if (present?.key === key) return present.driver;
    const driver = this.#open(connection);
    this.#entries.set(name, { key, driver });
    await present?.driver.close();
    return driver;
  }

  /** For a DataStore that is gone. */
  async release(name: string): Promise<void> {
    const present = this.#entries.get(name);
    this.#entries.delete(name);
    await present?.driver.close();
  }

  async close(): Promise<void> {
    const names = [...this.#entries.keys()];
    await Promise.all(names.map((name) => this.release(name)));
  }
}

function hash(connection: DataStoreConnection): string {
  const fields = Object.entries(connection).toSorted(([one], [other]) => (one < other ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(fields)).digest('hex');
}
