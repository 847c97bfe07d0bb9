import { isDeepStrictEqual } from 'node:util';
import { type DataStore, dataStores, type DataStoreStatus } from '../api/v1alpha1/data-store.ts';
import { needsPerson } from '../api/v1alpha1/reasons.ts';
import { statusFieldManager } from '../api/v1alpha1/field-managers.ts';
import type { Clock } from '../engine/clock.ts';
import { findCondition, isTrue } from '../engine/conditions.ts';
import type { ReconcileContext } from '../engine/controller.ts';
import type { Log } from '../engine/log.ts';
import { done, requeueAfter, type Result } from '../engine/result.ts';
import type { KubeClient } from '../kube/client.ts';
import { isKubeError } from '../kube/errors.ts';
import type { EventRecorder } from '../kube/events.ts';
import type { Informer } from '../kube/informer.ts';
import { refOfKey } from '../kube/resource.ts';
import type { DataStoreConnections } from './connections.ts';
import type { DataStoreDriver, DataStoreHealth } from './driver.ts';
import { DataStoreError } from './errors.ts';
import type { DataStorePool } from './pool.ts';
import { buildDataStoreStatus, type Compaction, type Problem } from './status.ts';

export interface DataStoreReconcilerDependencies {
  readonly client: KubeClient;
  readonly dataStores: Informer<DataStore>;
  readonly connections: DataStoreConnections;
  readonly pool: DataStorePool;
  readonly events: EventRecorder;
  /** The leader’s fence. */
  readonly fence: () => void;
  /** Control planes that use the DataStore of this name, `namespace/name`. */
  readonly usersOf: (name: string) => readonly string[];
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
}

/** Milliseconds between two looks at a store that is well. */
const checkIntervalMs = 60_000;
/** Milliseconds between two looks at one that is not; what waits for it is told by its status. */
const unhealthyIntervalMs = 5_000;
/** Milliseconds that a store that was Ready may fail to answer before it counts as down: all its tenants are told then. */
const patienceMs = 4_000;
/** Milliseconds without a compaction after which somebody should look. */
const compactionPatienceMs = 15 * 60_000;

/** Looks after shared stores: says whether each can be used, and compacts it on behalf of tenants, who may not. */
export class DataStoreReconciler {
  private readonly dependencies: DataStoreReconcilerDependencies;
  /** Since when stores that were well have not been, by key. */
  private readonly failingSinceMs = new Map<string, number>();
  /** When the history of shared stores was last looked after, by key; at first, when Marina saw the store. */
  private readonly compactedMs = new Map<string, number>();

  constructor(dependencies: DataStoreReconcilerDependencies) {
    this.dependencies = dependencies;
  }

  async reconcile(key: string, { log }: ReconcileContext): Promise<Result> {
    const { dataStores: cache, connections, pool, random } = this.dependencies;
    const dataStore = cache.get(refOfKey(key));
    if (!dataStore) {
      this.failingSinceMs.delete(key);
      this.compactedMs.delete(key);
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
    if (this.mayBeMomentary(dataStore, health)) return requeueAfter(unhealthyIntervalMs, 'SecondLook');
    const compaction = health.healthy ? await this.compact(key, driver, log) : undefined;
    await this.writeStatus(dataStore, health, compaction);
    const interval = health.healthy ? checkIntervalMs : unhealthyIntervalMs;
    return requeueAfter(interval * (0.9 + 0.2 * random()), 'HealthCheck');
  }

  /** What fails is tried again at the next look, and told when it has failed for long. */
  private async compact(key: string, driver: DataStoreDriver, log: Log): Promise<Compaction | undefined> {
    const nowMs = this.dependencies.clock.monotonicMs();
    const lastMs = this.compactedMs.get(key) ?? nowMs;
    this.compactedMs.set(key, lastMs);
    try {
      const result = await driver.compact({ fence: this.dependencies.fence });
      log.debug({ compaction: result }, 'compacted the store');
      if (!result.compacted && result.reason === 'LeftToTenants') return undefined;
      this.compactedMs.set(key, nowMs);
      return {};
    } catch (error: unknown) {
      if (!(error instanceof DataStoreError)) throw error;
      log.warn({ err: error }, 'could not compact the store');
      const ageMs = nowMs - lastMs;
      if (ageMs < compactionPatienceMs) return undefined;
      const failingSince = new Date(this.dependencies.clock.now().getTime() - ageMs);
      return { failingSince, error: error.message };
    }
  }

  private mayBeMomentary({ metadata, status }: DataStore, { healthy }: DataStoreHealth): boolean {
    const key = metadata?.name ?? '';
    if (healthy) {
      this.failingSinceMs.delete(key);
      return false;
    }
    const nowMs = this.dependencies.clock.monotonicMs();
    const sinceMs = this.failingSinceMs.get(key) ?? nowMs;
    this.failingSinceMs.set(key, sinceMs);
    return isTrue(status?.conditions, 'Ready', metadata?.generation) && nowMs - sinceMs < patienceMs;
  }

  private async writeStatus(
    dataStore: DataStore,
    observed: DataStoreHealth | Problem,
    compaction?: Compaction,
  ): Promise<void> {
    const { client, clock, usersOf, events } = this.dependencies;
    const { name, uid, resourceVersion, generation } = dataStore.metadata ?? {};
    const users = usersOf(name ?? '');
    const facts = { now: clock.now(), generation, users, compaction };
    const status = buildDataStoreStatus(dataStore.status, observed, facts);
    if (isDeepStrictEqual(status, dataStore.status)) return;
    const body = { metadata: { name, uid, resourceVersion }, status } as DataStore;
    try {
      const written = await client.apply(dataStores, body, {
        fieldManager: statusFieldManager,
        subresource: 'status',
      });
      this.dependencies.dataStores.remember(written);
      recordChange(events, dataStore, status);
    } catch (error: unknown) {
      // Somebody changed it meanwhile: that event brings it back.
      if (!isKubeError(error, 'Conflict')) throw error;
    }
  }
}

/** One Event when the store comes, goes or changes how it ails; and when its history begins to grow, or no longer does. */
function recordChange(events: EventRecorder, dataStore: DataStore, status: DataStoreStatus): void {
  const regarding = { ...dataStore, apiVersion: dataStores.apiVersion, kind: dataStores.kind };
  for (const type of ['Ready', 'Compacted']) {
    const before = findCondition(dataStore.status?.conditions, type);
    const after = findCondition(status.conditions, type);
    const isNews = after?.reason !== before?.reason && (type === 'Ready' || before !== undefined);
    if (!after || !isNews) continue;
    events.record(regarding, needsPerson(after.reason) ? 'Warning' : 'Normal', after.reason, after.message);
  }
}
