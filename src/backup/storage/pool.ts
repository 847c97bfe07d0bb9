import { createHash } from 'node:crypto';
import type { Failpoints } from '../../engine/failpoints.ts';
import { S3Storage } from './s3.ts';
import type { S3Location } from './s3-location.ts';
import type { ObjectStorage } from './storage.ts';
import { VolumeStorage, type VolumeLocation } from './volume.ts';

export type StorageLocation =
  ({ readonly kind: 'volume' } & VolumeLocation) | ({ readonly kind: 's3' } & S3Location);

interface Entry {
  /** Hash of the location: the credential itself need not be kept twice. */
  readonly key: string;
  readonly storage: ObjectStorage;
}

/** One open storage a BackupStorage, shared by everything that uses it. */
export class BackupStoragePool {
  readonly #open: (location: StorageLocation) => ObjectStorage;
  readonly #entries = new Map<string, Entry>();
  readonly #closing = new Set<Promise<void>>();

  constructor(open: (location: StorageLocation) => ObjectStorage) {
    this.#open = open;
  }

  /**
   * The storage of the BackupStorage called `name`. When its location is another than last time (a new key, another bucket), the one before is
   * closed; what it was doing may fail and is tried again by its caller.
   */
  use(name: string, location: StorageLocation): ObjectStorage {
    const key = hash(location);
    const present = this.#entries.get(name);
    if (present?.key === key) return present.storage;
    const storage = this.#open(location);
    this.#entries.set(name, { key, storage });
    this.#retire(present);
    return storage;
  }

  /** For a BackupStorage that is gone. */
  release(name: string): void {
    const present = this.#entries.get(name);
    this.#entries.delete(name);
    this.#retire(present);
  }

  async close(): Promise<void> {
    for (const name of [...this.#entries.keys()]) this.release(name);
    await Promise.all(this.#closing);
  }

  #retire(entry: Entry | undefined): void {
    if (!entry) return;
    const closing = entry.storage.close().finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }
}

/** Connects to nothing yet. */
export function openStorage(location: StorageLocation, failpoints?: Failpoints): ObjectStorage {
  return location.kind === 'volume'
    ? new VolumeStorage(location, failpoints)
    : new S3Storage(location, failpoints);
}

function hash(location: StorageLocation): string {
  return createHash('sha256').update(JSON.stringify(location)).digest('hex');
}
