import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '../../test/support/manual-clock.ts';
import type { DataStore } from '../api/v1alpha1/data-store.ts';
import { findCondition } from '../engine/conditions.ts';
import { silentLog } from '../engine/log.ts';
import type { CompactionResult, DataStoreHealth } from './driver.ts';
import { DataStoreError } from './errors.ts';
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
  const world = {
    health: answers,
    dataStore: { metadata: { name: 'a', generation: 1 } } as DataStore,
    users: ['team-b/green', 'team-a/blue'] as readonly string[],
    compact: (): Promise<CompactionResult> => Promise.resolve({ compacted: true, revision: '1' }),
  };
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
          compact: () => world.compact(),
        }),
      }),
    },
    events: { record: (_: unknown, type: string, reason: string) => told.push(`${type} ${reason}`) },
    usersOf: () => world.users,
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
  const compacted = () => findCondition(world.dataStore.status?.conditions, 'Compacted');
  return { look, told, world, compacted };
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

  it('names those who use the store, ten at most, and counts all', async () => {
    const { look, world } = setUp();
    await look(answers, 0);
    expect(world.dataStore.status).toMatchObject({ tenants: 2, usedBy: ['team-a/blue', 'team-b/green'] });

    world.users = Array.from({ length: 12 }, (_, index) => `team-a/tenant-${index}`);
    await look(answers, 60_000);
    expect(world.dataStore.status?.tenants).toBe(12);
    expect(world.dataStore.status?.usedBy).toHaveLength(10);

    world.users = [];
    await look(answers, 60_000);
    expect(world.dataStore.status?.tenants).toBe(0);
    expect(world.dataStore.status).not.toHaveProperty('usedBy');
  });

  it('says that history grows when nothing was compacted for 15 minutes, and that it no longer does', async () => {
    const { look, told, world, compacted } = setUp();
    const succeed = world.compact;
    await look(answers, 0);
    expect(compacted()).toMatchObject({ status: 'True', reason: 'Healthy' });

    world.compact = () => Promise.reject(new DataStoreError('Internal', 'etcd: compact', 'no'));
    for (let minute = 1; minute < 15; minute += 1) await look(answers, 60_000);
    expect(compacted()?.status).toBe('True');
    await look(answers, 60_000);
    expect(compacted()).toMatchObject({ status: 'False', reason: 'CompactionStalled' });
    expect(compacted()?.message).toContain('etcd: compact: no');
    expect(findCondition(world.dataStore.status?.conditions, 'Ready')?.status).toBe('True');

    world.compact = succeed;
    await look(answers, 60_000);
    expect(compacted()?.status).toBe('True');
    expect(told).toEqual(['Normal Healthy', 'Warning CompactionStalled', 'Normal Healthy']);
  });

  it('says nothing of compaction where each tenant’s history is its own', async () => {
    const { look, world, compacted } = setUp();
    world.compact = () => Promise.resolve({ compacted: false, reason: 'LeftToTenants' });

    await look(answers, 0);

    expect(compacted()).toBeUndefined();
  });
});
