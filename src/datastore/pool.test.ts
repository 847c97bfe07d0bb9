import { describe, expect, it } from '@jest/globals';
import type { DataStoreDriver, EtcdConnection } from './driver.ts';
import { openDataStore } from './open.ts';
import { DataStorePool } from './pool.ts';

const connection: EtcdConnection = {
  driver: 'etcd',
  endpoints: ['192.0.2.1:2379'],
  certificateAuthority: 'ca',
  clientCertificate: 'certificate',
  clientKey: 'key',
};

/** Real drivers, which connect to nothing before they are used, and a list of those that were closed. */
function recordingPool() {
  const closed: DataStoreDriver[] = [];
  const pool = new DataStorePool((wanted) => {
    const driver = openDataStore(wanted);
    const close = driver.close.bind(driver);
    driver.close = async () => {
      closed.push(driver);
      await close();
    };
    return driver;
  });
  return { pool, closed };
}

describe('DataStorePool', () => {
  it('shares one driver a store', async () => {
    const { pool, closed } = recordingPool();
    const driver = await pool.use('one', connection);
    const { clientKey, ...rest } = connection;
    expect(await pool.use('one', { clientKey, ...rest })).toBe(driver);
    expect(await pool.use('other', connection)).not.toBe(driver);
    expect(closed).toEqual([]);
  });

  it.each<Partial<EtcdConnection>>([
    { endpoints: ['192.0.2.1:2379', '192.0.2.2:2379'] },
    { certificateAuthority: 'new ca' },
    { clientCertificate: 'renewed' },
    { clientKey: 'new key' },
  ])('opens another and closes the first when the connection changes: %j', async (change) => {
    const { pool, closed } = recordingPool();
    const first = await pool.use('one', connection);
    const second = await pool.use('one', { ...connection, ...change });
    expect(second).not.toBe(first);
    expect(closed).toEqual([first]);
    expect(await pool.use('one', { ...connection, ...change })).toBe(second);
  });

  it('closes a store that is gone, and all at the end', async () => {
    const { pool, closed } = recordingPool();
    const one = await pool.use('one', connection);
    const other = await pool.use('other', connection);
    await pool.release('one');
    await pool.release('one');
    await pool.release('never used');
    expect(closed).toEqual([one]);
    await pool.close();
    expect(closed).toEqual([one, other]);
    expect(await pool.use('one', connection)).not.toBe(one);
  });
});
