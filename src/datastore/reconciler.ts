import { isDeepStrictEqual } from 'node:util';
import { type DataStore, dataStores } from '../api/v1alpha1/data-store.ts';
import { statusFieldManager } from '../api/v1alpha1/field-managers.ts';
import type { Clock } from '../engine/clock.ts';
import { findCondition, isTrue } from '../engine/conditions.ts';
import type { ReconcileContext } from '../engine/controller.ts';
import { done, requeueAfter, type Result } from '../engine/result.ts';
import type { KubeClient } from '../kube/client.ts';
import { isKubeError } from '../kube/errors.ts';
import type { EventRecorder } from '../kube/events.ts';
import type { Informer } from '../kube/informer.ts';
import { refOfKey } from '../kube/resource.ts';
import type { DataStoreConnections } from './connections.ts';
import type { DataStoreHealth } from './driver.ts';
import type { DataStorePool } from './pool.ts';
import { recordChange } from './reconciler-events.ts';
import { capacityOf, type Look, StoreUpkeep } from './reconciler-upkeep.ts';
import { buildDataStoreStatus, type DataStoreFacts, type Problem } from './status.ts';
import { nameLargest, type Owned } from './status-largest.ts';
import { space } from './status-levels.ts';
import { acceptStoreAnnotation, judgeIdentity } from './store-identity.ts';

export interface DataStoreReconcilerDependencies {
  readonly client: KubeClient;
  readonly dataStores: Informer<DataStore>;
  readonly connections: DataStoreConnections;
  readonly pool: DataStorePool;
  readonly events: EventRecorder;
  /** The leader’s fence. */
  readonly fence: () => void;
  /** Control planes that use the DataStore of this name. */
  readonly usersOf: (name: string) => readonly StoreUser[];
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
}

export interface StoreUser {
  /** `namespace/name` */
  readonly key: string;
  readonly partition: string;
}

/** Milliseconds between two looks at a store that is well. */
const checkIntervalMs = 60_000;
/** Milliseconds between two looks at one that may soon be full. */
const lowSpaceIntervalMs = 15_000;
/** Milliseconds between two looks at one that is not; what waits for it is told by its status. */
const unhealthyIntervalMs = 5_000;
/** Milliseconds that a store that was Ready may fail to answer before it counts as down: all its tenants are told then. */
const patienceMs = 4_000;

/** Milliseconds until the cache will have seen what somebody else wrote. */
const conflictRetryMs = 200;
/** Milliseconds until a store that has just been given room is looked at again. */
const writableMs = 500;

/** What was found out of a store, as far as its status tells of it. */
type Findings = Omit<DataStoreFacts, 'now' | 'generation' | 'users' | 'capacity' | 'largest'>;

/** Looks after shared stores: says whether each can be used, and compacts it on behalf of tenants, who may not. */
export class DataStoreReconciler {
  private readonly dependencies: DataStoreReconcilerDependencies;
  /** Since when stores that were well have not been, by key. */
  private readonly failingSinceMs = new Map<string, number>();
  /** By key. */
  private readonly upkeeps = new Map<string, StoreUpkeep>();

  constructor(dependencies: DataStoreReconcilerDependencies) {
    this.dependencies = dependencies;
  }

  async reconcile(key: string, context: ReconcileContext): Promise<Result> {
    try {
      return await this.look(key, context);
    } catch (error: unknown) {
      // Somebody changed it meanwhile, perhaps in a way that is no news to Marina, as a label.
      if (isKubeError(error, 'Conflict')) return requeueAfter(conflictRetryMs, 'CacheBehind');
      throw error;
    }
  }

  private async look(key: string, { log }: ReconcileContext): Promise<Result> {
    const { dataStores: cache, connections, pool } = this.dependencies;
    const dataStore = cache.get(refOfKey(key));
    if (!dataStore) {
      this.failingSinceMs.delete(key);
      this.upkeeps.delete(key);
      await pool.release(key);
      return done;
    }
    const opened = connections.open(dataStore);
    if (!opened.ok) {
      await this.writeStatus(dataStore, { reason: opened.reason, message: opened.message });
      return done;
    }
    const driver = await opened.driver();
    const health = await driver.checkHealth();
    const changed = identityOf(dataStore, health);
    if (changed) {
      await this.writeStatus(dataStore, changed);
      return this.lookAgain(unhealthyIntervalMs);
    }
    if (this.mayBeMomentary(dataStore, health)) return requeueAfter(unhealthyIntervalMs, 'SecondLook');
    const upkeep = this.upkeepOf(key);
    const findings = await this.lookAfter(dataStore, health, { driver, log });
    await this.writeStatus(dataStore, upkeep.smooth(health), { ...findings, storeId: health.storeId });
    if (findings.full?.reclaim.state === 'Writable') return requeueAfter(writableMs, 'Writable');
    if (!health.healthy) return this.lookAgain(unhealthyIntervalMs);
    return this.lookAgain(isSpaceLow(dataStore) ? lowSpaceIntervalMs : checkIntervalMs);
  }

  private async lookAfter(dataStore: DataStore, health: DataStoreHealth, look: Look): Promise<Findings> {
    const name = dataStore.metadata?.name ?? '';
    const upkeep = this.upkeepOf(name);
    if (health.outOfSpace) {
      const reclaim = await upkeep.reclaim(look);
      const largest = nameLargest(own(upkeep.largest, this.ownersOf(name)) ?? []);
      return { full: { reclaim, ...(largest !== undefined && { largest }) } };
    }
    if (!health.healthy) return {};
    const compaction = await upkeep.compact(look);
    upkeep.measureWhenDue(look, isSpaceLow(dataStore));
    return { ...(compaction && { compaction }) };
  }

  private lookAgain(intervalMs: number): Result {
    return requeueAfter(intervalMs * (0.9 + 0.2 * this.dependencies.random()), 'HealthCheck');
  }

  private upkeepOf(key: string): StoreUpkeep {
    const upkeep = this.upkeeps.get(key) ?? new StoreUpkeep(this.dependencies);
    this.upkeeps.set(key, upkeep);
    return upkeep;
  }

  private ownersOf(key: string): ReadonlyMap<string, string> {
    return new Map(this.dependencies.usersOf(key).map((user) => [user.partition, user.key]));
  }

  private mayBeMomentary({ metadata, status }: DataStore, { healthy, outOfSpace }: DataStoreHealth): boolean {
    const key = metadata?.name ?? '';
    if (healthy) {
      this.failingSinceMs.delete(key);
      return false;
    }
    const nowMs = this.dependencies.clock.monotonicMs();
    const sinceMs = this.failingSinceMs.get(key) ?? nowMs;
    this.failingSinceMs.set(key, sinceMs);
    // That a store is full is no doubtful answer.
    if (outOfSpace) return false;
    return isTrue(status?.conditions, 'Ready', metadata?.generation) && nowMs - sinceMs < patienceMs;
  }

  private async writeStatus(
    dataStore: DataStore,
    observed: DataStoreHealth | Problem,
    findings: Findings = {},
  ): Promise<void> {
    const { client, clock, usersOf, events } = this.dependencies;
    const { name = '', uid, resourceVersion, generation } = dataStore.metadata ?? {};
    const owners = this.ownersOf(name);
    const status = buildDataStoreStatus(dataStore.status, observed, {
      ...findings,
      now: clock.now(),
      generation,
      users: usersOf(name).map((user) => user.key),
      capacity: capacityOf(dataStore.spec),
      largest: own(this.upkeeps.get(name)?.largest, owners),
    });
    if (isDeepStrictEqual(status, dataStore.status)) return;
    const body = { metadata: { name, uid, resourceVersion }, status } as DataStore;
    const written = await client.apply(dataStores, body, {
      fieldManager: statusFieldManager,
      subresource: 'status',
    });
    this.dependencies.dataStores.remember(written);
    recordChange(events, dataStore, status);
  }
}

function identityOf({ metadata, status }: DataStore, { storeId }: DataStoreHealth): Problem | undefined {
  return judgeIdentity({
    name: metadata?.name ?? '',
    remembered: status?.storeId,
    observed: storeId,
    accepted: metadata?.annotations?.[acceptStoreAnnotation],
  });
}

function isSpaceLow({ status }: DataStore): boolean {
  return findCondition(status?.conditions, space.type)?.status === 'False';
}

function own(
  sizes: StoreUpkeep['largest'],
  owners: ReadonlyMap<string, string>,
): readonly Owned[] | undefined {
  return sizes?.map((size) => {
    const owner = owners.get(size.id);
    return owner === undefined ? size : { ...size, owner };
  });
}
