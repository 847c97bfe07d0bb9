import { isDeepStrictEqual } from 'node:util';
import { type DataStore, dataStores, type DataStoreStatus } from '../api/v1alpha1/data-store.ts';
import { needsPerson, type Reason } from '../api/v1alpha1/reasons.ts';
import { statusFieldManager } from '../api/v1alpha1/field-managers.ts';
import type { Clock } from '../engine/clock.ts';
import { type ConditionUpdate, findCondition, isTrue, setConditions } from '../engine/conditions.ts';
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

export interface DataStoreReconcilerDependencies {
  readonly client: KubeClient;
  readonly dataStores: Informer<DataStore>;
  readonly connections: DataStoreConnections;
  readonly pool: DataStorePool;
  readonly events: EventRecorder;
  /** The leader’s fence. */
  readonly fence: () => void;
  /** How many control planes use the DataStore of this name. */
  readonly tenantsOf: (name: string) => number;
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

/** Looks after shared stores: says whether each can be used, and compacts it on behalf of tenants, who may not. */
export class DataStoreReconciler {
  private readonly dependencies: DataStoreReconcilerDependencies;
  /** Since when stores that were well have not been, by key. */
  private readonly failingSinceMs = new Map<string, number>();

  constructor(dependencies: DataStoreReconcilerDependencies) {
    this.dependencies = dependencies;
  }

  async reconcile(key: string, { log }: ReconcileContext): Promise<Result> {
    const { dataStores: cache, connections, pool, random } = this.dependencies;
    const dataStore = cache.get(refOfKey(key));
    if (!dataStore) {
      this.failingSinceMs.delete(key);
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
    await this.writeStatus(dataStore, health);
    if (health.healthy) {
      const compaction = await driver.compact({ fence: this.dependencies.fence });
      log.debug({ compaction }, 'compacted the store');
    }
    const interval = health.healthy ? checkIntervalMs : unhealthyIntervalMs;
    return requeueAfter(interval * (0.9 + 0.2 * random()), 'HealthCheck');
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

  private async writeStatus(dataStore: DataStore, observed: DataStoreHealth | Problem): Promise<void> {
    const { client, clock, tenantsOf, events } = this.dependencies;
    const { name, uid, resourceVersion, generation } = dataStore.metadata ?? {};
    const tenants = tenantsOf(name ?? '');
    const status = buildDataStoreStatus(dataStore.status, observed, {
      now: clock.now(),
      generation,
      tenants,
    });
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

/** Figures that move all the time are kept until they move by this fraction, so that an idle store causes no writes. */
const noticeableChange = 0.2;

export function buildDataStoreStatus(
  previous: DataStoreStatus | undefined,
  observed: DataStoreHealth | Problem,
  facts: { readonly now: Date; readonly generation: number | undefined; readonly tenants: number },
): DataStoreStatus {
  const health = 'healthy' in observed ? observed : undefined;
  const ready = readyCondition(observed, facts.generation);
  const conditions = setConditions(previous?.conditions, [ready], facts.now);
  // A store that does not answer has no latency; how large it was is worth knowing.
  const latency = health?.latencyMs && steady(previous?.latencyMilliseconds, health.latencyMs, 25);
  const size = steady(previous?.sizeBytes, health?.sizeBytes, 1024 * 1024);
  return {
    ...(facts.generation !== undefined && { observedGeneration: facts.generation }),
    conditions: [...conditions],
    ...(health?.version !== undefined && { version: health.version }),
    ...(latency !== undefined && { latencyMilliseconds: latency }),
    ...(size !== undefined && { sizeBytes: size }),
    tenants: facts.tenants,
  };
}

function readyCondition(
  observed: DataStoreHealth | Problem,
  observedGeneration: number | undefined,
): ConditionUpdate {
  const isReady = 'healthy' in observed && observed.healthy;
  const explained = 'healthy' in observed ? explain(observed) : observed;
  return { type: 'Ready', status: isReady ? 'True' : 'False', ...explained, observedGeneration };
}

interface Problem {
  readonly reason: Reason;
  readonly message: string;
}

/** One Event when the store comes, goes or changes how it ails. */
function recordChange(events: EventRecorder, dataStore: DataStore, status: DataStoreStatus): void {
  const before = findCondition(dataStore.status?.conditions, 'Ready');
  const after = findCondition(status.conditions, 'Ready');
  if (!after || after.reason === before?.reason) return;
  const regarding = { ...dataStore, apiVersion: dataStores.apiVersion, kind: dataStores.kind };
  events.record(regarding, needsPerson(after.reason) ? 'Warning' : 'Normal', after.reason, after.message);
}

function explain(health: DataStoreHealth): Problem {
  const broken = health.endpoints.filter((endpoint) => !endpoint.healthy);
  const details = broken
    .map(({ endpoint, message }) => `${endpoint}: ${message ?? 'does not answer'}`)
    .join('; ');
  if (health.healthy && broken.length === 0) return { reason: 'Healthy', message: 'Every endpoint answers.' };
  if (health.healthy) return { reason: 'EndpointsUnhealthy', message: `The store works, but ${details}` };
  return { reason: 'Unhealthy', message: details || 'No endpoint answers.' };
}

function steady(
  previous: number | undefined,
  current: number | undefined,
  floor: number,
): number | undefined {
  if (current === undefined) return previous;
  const rounded = Math.round(current);
  if (previous === undefined) return rounded;
  return Math.abs(rounded - previous) > Math.max(floor, previous * noticeableChange) ? rounded : previous;
}
