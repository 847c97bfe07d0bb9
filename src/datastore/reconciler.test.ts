import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '../../test/support/manual-clock.ts';
import type { DataStore } from '../api/v1alpha1/data-store.ts';
import { findCondition } from '../engine/conditions.ts';
import { silentLog } from '../engine/log.ts';
import type { Result } from '../engine/result.ts';
import { KubeError } from '../kube/errors.ts';
import type { CompactionResult, DataStoreHealth, PartitionSize, ReclaimResult } from './driver.ts';
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
    dataStore: { metadata: { name: 'a', generation: 1 }, spec: {} } as DataStore,
    users: ['team-b/green', 'team-a/blue'] as readonly string[],
    compact: (): Promise<CompactionResult> => Promise.resolve({ compacted: true, revision: '1' }),
    reclaim: (): Promise<ReclaimResult> => Promise.resolve({ state: 'Writable' }),
    largest: [] as readonly PartitionSize[],
    measured: 0,
    writes: 0,
    refusal: undefined as KubeError | undefined,
    next: undefined as Result | undefined,
  };
  const dependencies = {
    client: {
      apply: (_: unknown, { status }: DataStore) => {
        if (world.refusal) return Promise.reject(world.refusal);
        world.writes += 1;
        return Promise.resolve({ ...world.dataStore, status });
      },
    },
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
          reclaimSpace: () => world.reclaim(),
          largestPartitions: () => {
            world.measured += 1;
            return Promise.resolve(world.largest);
          },
        }),
      }),
    },
    events: { record: (_: unknown, type: string, reason: string) => told.push(`${type} ${reason}`) },
    usersOf: () => world.users.map((key) => ({ key, partition: `id-of-${key}` })),
    fence: () => undefined,
    clock,
    random: () => 0.5,
  } as unknown as DataStoreReconcilerDependencies;
  const reconciler = new DataStoreReconciler(dependencies);
  const look = async (health: DataStoreHealth, afterMs: number) => {
    await clock.advance(afterMs);
    world.health = health;
    world.next = await reconciler.reconcile('a', {
      log: silentLog,
      runId: '',
      signal: new AbortController().signal,
    });
    return findCondition(world.dataStore.status?.conditions, 'Ready')?.status;
  };
  const condition = (type: string) => findCondition(world.dataStore.status?.conditions, type);
  const compacted = () => condition('Compacted');
  return { look, told, world, compacted, condition };
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

  it('writes nothing about an idle store, though its figures move a little all the time', async () => {
    const { look, world } = setUp();
    const megabyte = 1_000_000;
    const idle = (minute: number): DataStoreHealth => ({
      ...answers,
      latencyMs: minute % 7 === 3 ? 3000 : 2 + (minute % 5) * 15,
      sizeBytes: (400 + (minute % 9) * 7) * megabyte,
      quotaBytes: 8000 * megabyte,
      connections: { used: 60 + (minute % 4) * 2, limit: 100, perTenant: 5 },
    });
    world.largest = [{ id: 'id-of-team-a/blue', bytes: 2 * megabyte, keys: 300 }];
    // Warm: the figures of the first minutes are told.
    for (let minute = 0; minute < 3; minute += 1) await look(idle(minute), 60_000);
    world.writes = 0;

    for (let minute = 3; minute < 243; minute += 1) {
      world.largest = [
        { id: 'id-of-team-b/green', bytes: (2 + (minute % 3)) * megabyte, keys: 300 + minute },
        { id: 'id-of-team-a/blue', bytes: 2 * megabyte, keys: 300 },
      ];
      await look(idle(minute), 60_000);
    }

    expect(world.writes).toBe(0);
    expect(world.measured).toBe(5);
  });

  it('tells of space as it gets low, and once when it is better', async () => {
    const { look, told, condition, world } = setUp();
    const at = (percent: number): DataStoreHealth => ({
      ...answers,
      sizeBytes: percent * 1000,
      quotaBytes: 100_000,
    });

    for (const percent of [60, 71, 69, 71, 86, 82, 86, 79, 64, 69]) await look(at(percent), 60_000);

    expect(told).toEqual([
      'Normal Healthy',
      'Warning SpaceLow',
      'Warning SpaceVeryLow',
      'Warning SpaceLow',
      'Normal AsExpected',
    ]);
    expect(condition('SpaceAvailable')).toMatchObject({ status: 'True' });
    expect(condition('Ready')?.status).toBe('True');
    expect(world.dataStore.status).toMatchObject({ quotaBytes: 100_000, quotaPercent: 65 });
  });

  it('goes by the capacity that the platform team gives, whatever the store says', async () => {
    const { look, world, condition } = setUp();
    world.dataStore.spec.capacity = { storage: '1Gi', tenants: 7 };

    await look({ ...answers, sizeBytes: 800 * 2 ** 20 }, 0);

    expect(world.dataStore.status).toMatchObject({
      quotaBytes: 2 ** 30,
      quotaPercent: 75,
      tenantCapacity: 7,
    });
    expect(condition('SpaceAvailable')?.reason).toBe('SpaceLow');
  });

  it('names who fills a store that takes no writes, at once, and makes room until it does', async () => {
    const { look, told, world, condition } = setUp();
    await look(answers, 0);
    world.largest = [{ id: 'id-of-team-a/blue', bytes: 800 * 2 ** 20, keys: 40_000 }];
    const full: DataStoreHealth = { ...answers, healthy: false, outOfSpace: true };
    world.reclaim = () => Promise.resolve({ state: 'Underway', message: 'Free pages are given back.' });

    expect(await look(full, 60_000)).toBe('False');
    expect(condition('Ready')?.message).toBe(
      'The store is full and takes no writes. Free pages are given back. Most is taken by team-a/blue (800 MiB, 40,000 keys).',
    );
    expect(condition('SpaceAvailable')?.reason).toBe('DataStoreNoSpace');

    world.reclaim = () => Promise.resolve({ state: 'Writable' });
    await look(full, 5_000);
    expect(await look(answers, 500)).toBe('True');
    expect(told).toEqual(['Normal Healthy', 'Warning DataStoreNoSpace', 'Normal Healthy']);
    expect(world.dataStore.status?.largestTenants).toEqual([
      {
        partition: 'id-of-team-a/blue',
        tenantControlPlane: 'team-a/blue',
        bytes: 800 * 2 ** 20,
        keys: 40_000,
      },
    ]);
  });

  it('does nothing in a store that is another one, until a person has accepted it', async () => {
    const { look, told, world, condition } = setUp();
    await look({ ...answers, storeId: 'a1' }, 0);
    expect(world.dataStore.status?.storeId).toBe('a1');
    let compactions = 0;
    world.compact = () => {
      compactions += 1;
      return Promise.resolve({ compacted: true, revision: '2' });
    };

    expect(await look({ ...answers, storeId: 'b2' }, 60_000)).toBe('False');
    expect(condition('Ready')).toMatchObject({ reason: 'StoreChanged' });
    expect(condition('Ready')?.message).toContain('marina.dev/accept-store=b2');
    expect(world.dataStore.status?.storeId).toBe('a1');
    expect(compactions).toBe(0);

    world.dataStore.metadata = {
      ...world.dataStore.metadata,
      annotations: { 'marina.dev/accept-store': 'b2' },
    };
    expect(await look({ ...answers, storeId: 'b2' }, 5_000)).toBe('True');
    expect(world.dataStore.status?.storeId).toBe('b2');
    expect(told).toEqual(['Normal Healthy', 'Warning StoreChanged', 'Normal Healthy']);
  });

  it('keeps the id of a store that is away for a while', async () => {
    const { look, world } = setUp();
    await look({ ...answers, storeId: 'a1' }, 0);
    await look(silent, 60_000);
    await look(silent, 5_000);

    expect(world.dataStore.status?.storeId).toBe('a1');
    expect(await look({ ...answers, storeId: 'b2' }, 5_000)).toBe('False');
  });

  it('writes the status again soon when somebody changed the object meanwhile', async () => {
    const { look, world, condition } = setUp();
    world.refusal = new KubeError({ code: 'Conflict', operation: 'apply', message: 'changed', status: 409 });

    expect(await look(answers, 0)).toBeUndefined();
    expect(world.next).toMatchObject({ reason: 'CacheBehind' });
    world.refusal = undefined;
    await look(answers, 200);

    expect(condition('Ready')?.status).toBe('True');
  });
});
