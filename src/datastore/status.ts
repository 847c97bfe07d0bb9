import type { DataStoreStatus } from '../api/v1alpha1/data-store.ts';
import type { Reason } from '../api/v1alpha1/reasons.ts';
import { type ConditionUpdate, setConditions } from '../engine/conditions.ts';
import type { DataStoreHealth } from './driver.ts';

/** Figures that move all the time are kept until they move by this fraction, so that an idle store causes no writes. */
const noticeableChange = 0.2;

export function buildDataStoreStatus(
  previous: DataStoreStatus | undefined,
  observed: DataStoreHealth | Problem,
  facts: DataStoreFacts,
): DataStoreStatus {
  const health = 'healthy' in observed ? observed : undefined;
  const ready = readyCondition(observed, facts.generation);
  const compacted = facts.compaction && compactedCondition(facts.compaction, facts.generation);
  const updates = compacted ? [ready, compacted] : [ready];
  const conditions = setConditions(previous?.conditions, updates, facts.now);
  // A store that does not answer has no latency; how large it was is worth knowing.
  const latency = health?.latencyMs && steady(previous?.latencyMilliseconds, health.latencyMs, 100);
  const size = steady(previous?.sizeBytes, health?.sizeBytes, 1024 * 1024);
  return {
    ...(facts.generation !== undefined && { observedGeneration: facts.generation }),
    conditions: [...conditions],
    ...(health?.version !== undefined && { version: health.version }),
    ...(latency !== undefined && { latencyMilliseconds: latency }),
    ...(size !== undefined && { sizeBytes: size }),
    ...describeUse(facts.users),
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

function describeUse(users: readonly string[]): Pick<DataStoreStatus, 'tenants' | 'usedBy'> {
  return {
    tenants: users.length,
    ...(users.length > 0 && { usedBy: users.toSorted().slice(0, usersShown) }),
  };
}

function compactedCondition(
  { failingSince, error }: Compaction,
  observedGeneration: number | undefined,
): ConditionUpdate {
  if (failingSince === undefined) {
    const message = 'History that no tenant needs is removed about once a minute.';
    return { type: 'Compacted', status: 'True', reason: 'Healthy', message, observedGeneration };
  }
  const message = `History is kept since ${failingSince.toISOString()}, and the store grows: ${error ?? 'no answer'}`;
  return { type: 'Compacted', status: 'False', reason: 'CompactionStalled', message, observedGeneration };
}

/** How the compaction of a shared history goes. */
export interface Compaction {
  /** Of the last success, when it is so long ago that somebody should look. */
  readonly failingSince?: Date;
  readonly error?: string;
}

export interface DataStoreFacts {
  readonly now: Date;
  readonly generation: number | undefined;
  /** TenantControlPlanes that name it, `namespace/name`. */
  readonly users: readonly string[];
  /** Undefined: not known, or each tenant's own. */
  readonly compaction?: Compaction;
}

/** How many names are told of those who use a store. */
const usersShown = 10;

export interface Problem {
  readonly reason: Reason;
  readonly message: string;
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
