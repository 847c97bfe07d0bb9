import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '../../test/support/manual-clock.ts';
import type { DataStore } from '../api/v1alpha1/data-store.ts';
import { findCondition } from '../engine/conditions.ts';
import { silentLog } from '../engine/log.ts';
import type { DataStoreHealth } from './driver.ts';
import { DataStoreReconciler, type DataStoreReconcilerDependencies } from './reconciler.ts';

const answers: DataStoreHealth = {
  healthy: true,
  latencyMs: 2,
  endpoints: [{ endpoint: 'a:2379', healthy: true }],
};
const silent: DataStoreHealth = {
  healthy: false,
  endpoints: [{ endpoint: 'a:2379', healthy: false, message: 'no answer in time' }],
};

/** A DataStore, a store that answers as `health` says, and a look at it after some milliseconds. */
function setUp() {
  const clock = new ManualClock();
  const told: string[] = [];
  const world = { health: answers, dataStore: { metadata: { name: 'a', generation: 1 } } as DataStore };
  const dependencies = {
    client: { apply: (_: unknown, { status }: DataStore) => Promise.resolve({ ...world.dataStore, status }) },
    dataStores: {
      get: () => world.dataStore,
      remember: (written: DataStore) => {
        world.dataStore = written;
      },
    },
    connections: {
      open: () => ({
        ok: true,
        driver: () => ({
          checkHealth: () => Promise.resolve(world.health),
          compact: () => Promise.resolve(),
        }),
      }),
    },
    events: { record: (_: unknown, type: string, reason: string) => told.push(`${type} ${reason}`) },
    tenantsOf: () => 7,
    fence: () => undefined,
    clock,
    random: () => 0.5,
  } as unknown as DataStoreReconcilerDependencies;
  const reconciler = new DataStoreReconciler(dependencies);
  const look = async (health: DataStoreHealth, afterMs: number) => {
    await clock.advance(afterMs);
    world.health = health;
    await reconciler.reconcile('a', { log: silentLog, runId: '', signal: new AbortController().signal });
    return findCondition(world.dataStore.status?.conditions, 'Ready')?.status;
  };
  return { look, told, world };
}

describe('DataStoreReconciler', () => {
  it('overlooks a store that fails to answer for a moment', async () => {
    const { look, told } = setUp();

    expect(await look(answers, 0)).toBe('True');
    expect(await look(silent, 60_000)).toBe('True');
    expect(await look(answers, 5_000)).toBe('True');
    expect(await look(silent, 60_000)).toBe('True');

    expect(told).toEqual(['Normal Healthy']);
  });

  it('says within two looks that a store is down, and at once that it is back', async () => {
    const { look, told } = setUp();
    await look(answers, 0);

    await look(silent, 60_000);
    expect(await look(silent, 5_000)).toBe('False');
    expect(await look(silent, 5_000)).toBe('False');
    expect(await look(answers, 5_000)).toBe('True');

    expect(told).toEqual(['Normal Healthy', 'Warning Unhealthy', 'Normal Healthy']);
  });

  it('says at once that a store was never there', async () => {
    const { look } = setUp();

    expect(await look(silent, 0)).toBe('False');
  });

  it('claims no latency of a store that does not answer', async () => {
    const { look, world } = setUp();
    await look(answers, 0);
    expect(world.dataStore.status?.latencyMilliseconds).toBe(2);

    await look(silent, 60_000);
    await look(silent, 5_000);

    expect(world.dataStore.status?.latencyMilliseconds).toBeUndefined();
  });
});
