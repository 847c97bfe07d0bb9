import { beforeEach, describe, expect, it } from '@jest/globals';
import { ManualClock } from '../../test/support/manual-clock.ts';
import type { DataStoreDriver, MeasureOptions } from '../datastore/driver.ts';
import { UsageMeter } from './usage-meter.ts';

describe('what a tenant takes', () => {
  let clock: ManualClock;
  let meter: UsageMeter;
  let reads: string[];
  /** As samples have it, and as it is. */
  let store: { sampled: number; exact: number; keys: number };

  beforeEach(() => {
    clock = new ManualClock();
    meter = new UsageMeter(clock);
    reads = [];
    store = { sampled: 10, exact: 1000, keys: 10 };
  });

  it('is read whole at first, however little samples say', async () => {
    expect(await measure()).toEqual({ bytes: 1000, objects: 10 });
  });

  it('follows the number of objects between two readings', async () => {
    await measure();
    store.keys = 15;
    expect(await measure()).toEqual({ bytes: 1500, objects: 15 });
    expect(reads).toEqual(['exact', 'sampled']);
  });

  it('is read whole again after ten minutes', async () => {
    await measure();
    store.exact = 1200;
    await clock.advance(9 * 60_000);
    expect(await measure()).toEqual({ bytes: 1000, objects: 10 });
    await clock.advance(60_000);
    expect(await measure()).toEqual({ bytes: 1200, objects: 10 });
  });

  it('is read whole before anything is refused for what samples say, or the number of objects', async () => {
    await measure();
    store.sampled = 5000;
    expect(await measure()).toEqual({ bytes: 1000, objects: 10 });
    store = { sampled: 10, exact: 1100, keys: 40 };
    expect(await measure()).toEqual({ bytes: 1100, objects: 40 });
  });

  it('is read whole each time while something is refused', async () => {
    await measure({ isEnforced: true });
    store.exact = 900;
    expect(await measure({ isEnforced: true })).toEqual({ bytes: 900, objects: 10 });
    expect(reads).toEqual(['exact', 'exact']);
  });

  it('is read whole when the contents are others', async () => {
    await measure();
    store.exact = 5;
    expect(await measure({ contents: 'restored' })).toEqual({ bytes: 5, objects: 10 });
  });

  async function measure({ isEnforced = false, contents = 'first' } = {}) {
    const driver = {
      measurePartition: (id: string, { isExact = false }: MeasureOptions = {}) => {
        reads.push(isExact ? 'exact' : 'sampled');
        return Promise.resolve({ id, keys: store.keys, bytes: isExact ? store.exact : store.sampled });
      },
    } as unknown as DataStoreDriver;
    const { signal } = new AbortController();
    return await meter.measure({ key: 'team-a/demo', contents, partition: 'x' }, driver, {
      signal,
      isEnforced,
      isTooMuch: ({ bytes }) => bytes > 2000,
    });
  }
});
