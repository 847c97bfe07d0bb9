import { describe, expect, it } from '@jest/globals';
import { BackupStoragePool, type StorageLocation } from './pool.ts';
import type { ObjectStorage } from './storage.ts';
import { VolumeStorage } from './volume.ts';

const location = { kind: 'volume', directory: '/nowhere' } as const;

/** Real storages, which touch nothing before they are used, and a list of those that were closed. */
function recordingPool() {
  const closed: ObjectStorage[] = [];
  const pool = new BackupStoragePool((wanted: StorageLocation) => {
    const storage = new VolumeStorage(wanted as typeof location);
    storage.close = () => {
      closed.push(storage);
      return Promise.resolve();
    };
    return storage;
  });
  return { pool, closed };
}

describe('BackupStoragePool', () => {
  it('shares one storage a BackupStorage, until it is elsewhere', () => {
    const { pool, closed } = recordingPool();
    const storage = pool.use('one', location);

    expect(pool.use('one', { ...location })).toBe(storage);
    expect(pool.use('other', location)).not.toBe(storage);
    expect(closed).toEqual([]);

    expect(pool.use('one', { ...location, subPath: 'x' })).not.toBe(storage);
    expect(closed).toEqual([storage]);
  });

  it('closes a storage that is gone, and all at the end', async () => {
    const { pool, closed } = recordingPool();
    const one = pool.use('one', location);
    const other = pool.use('other', location);

    pool.release('one');
    pool.release('one');
    pool.release('never used');
    expect(closed).toEqual([one]);

    await pool.close();
    expect(closed).toEqual([one, other]);
  });
});
