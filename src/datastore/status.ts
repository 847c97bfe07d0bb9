import type { DataStoreStatus } from '../api/v1alpha1/data-store.ts';
import type { Reason } from '../api/v1alpha1/reasons.ts';
import {
  type Condition,
  type ConditionUpdate,
  removeCondition,
  setConditions,
} from '../engine/conditions.ts';
import type { DataStoreHealth, ReclaimResult } from './driver.ts';
import { type Capacity, tellFigures } from './status-figures.ts';
import { type Owned, tellLargest } from './status-largest.ts';
import { connections, space, supplyConditions } from './status-levels.ts';

export function buildDataStoreStatus(
  previous: DataStoreStatus | undefined,
  observed: DataStoreHealth | Problem,
  facts: DataStoreFacts,
): DataStoreStatus {
  const health = 'healthy' in observed ? observed : undefined;
  const { generation, storeId = previous?.storeId, capacity = {} } = facts;
  const figures = tellFigures(previous, health, capacity);
  const largestTenants = tellLargest(previous?.largestTenants, facts.largest, figures.quotaBytes);
  return {
    ...(generation !== undefined && { observedGeneration: generation }),
    conditions: [...conditionsOf(previous, observed, facts)],
    ...(health?.version !== undefined && { version: health.version }),
    ...(storeId !== undefined && { storeId }),
    ...figures,
    ...describeUse(facts.users),
    ...(largestTenants && { largestTenants: [...largestTenants] }),
  };
}

function conditionsOf(
  previous: DataStoreStatus | undefined,
  observed: DataStoreHealth | Problem,
  facts: DataStoreFacts,
): readonly Condition[] {
  const health = 'healthy' in observed ? observed : undefined;
  const ready = readyCondition(observed, facts);
  const compacted = facts.compaction && compactedCondition(facts.compaction);
  const supplies = health ? suppliesOf(previous, health, facts) : [];
  const updates = [ready, ...(compacted ? [compacted] : []), ...supplies].map((update) => ({
    ...update,
    observedGeneration: facts.generation,
  }));
  let conditions = setConditions(previous?.conditions, updates, facts.now);
  if (!health?.healthy) return conditions;
  // Of a store that tells no quota any more there is nothing to say.
  for (const { type } of [space, connections]) {
    if (!supplies.some((supply) => supply.type === type)) conditions = removeCondition(conditions, type);
  }
  return conditions;
}

function suppliesOf(
  previous: DataStoreStatus | undefined,
  health: DataStoreHealth,
  { capacity = {}, full }: DataStoreFacts,
): ConditionUpdate[] {
  const supplies = supplyConditions(previous, health, capacity);
  if (!full) return supplies;
  const { type } = space;
  const others = supplies.filter((supply) => supply.type !== type);
  return [{ type, status: 'False', reason: 'DataStoreNoSpace', message: explainFull(full) }, ...others];
}

function readyCondition(observed: DataStoreHealth | Problem, { full }: DataStoreFacts): ConditionUpdate {
  const type = 'Ready';
  if (full) return { type, status: 'False', reason: 'DataStoreNoSpace', message: explainFull(full) };
  if (!('healthy' in observed)) return { type, status: 'False', ...observed };
  return { type, status: observed.healthy ? 'True' : 'False', ...explain(observed) };
}

function explainFull({ reclaim, largest }: Full): string {
  const doing = reclaim.state === 'Writable' ? 'It takes writes again at once.' : reclaim.message;
  const most = largest === undefined ? '' : ` Most is taken by ${largest}.`;
  return `The store is full and takes no writes. ${doing}${most}`;
}

function describeUse(users: readonly string[]): Pick<DataStoreStatus, 'tenants' | 'usedBy'> {
  return {
    tenants: users.length,
    ...(users.length > 0 && { usedBy: users.toSorted().slice(0, usersShown) }),
  };
}

function compactedCondition({ failingSince, error }: Compaction): ConditionUpdate {
  if (failingSince === undefined) {
    const message = 'History that no tenant needs is removed about once a minute.';
    return { type: 'Compacted', status: 'True', reason: 'Healthy', message };
  }
  const message = `History is kept since ${failingSince.toISOString()}, and the store grows: ${error ?? 'no answer'}`;
  return { type: 'Compacted', status: 'False', reason: 'CompactionStalled', message };
}

/** How the compaction of a shared history goes. */
export interface Compaction {
  /** Of the last success, when it is so long ago that somebody should look. */
  readonly failingSince?: Date;
  readonly error?: string;
}

/** A store that takes no writes until there is room. */
export interface Full {
  readonly reclaim: ReclaimResult;
  /** Whose partition is the largest, with what it takes; undefined while that is being found out. */
  readonly largest?: string;
}

export interface DataStoreFacts {
  readonly now: Date;
  readonly generation: number | undefined;
  /** TenantControlPlanes that name it, `namespace/name`. */
  readonly users: readonly string[];
  /** Undefined: not known, or each tenant's own. */
  readonly compaction?: Compaction;
  readonly capacity?: Capacity;
  /** Undefined: not measured since Marina started. */
  readonly largest?: readonly Owned[];
  readonly full?: Full;
  /** Who the store is from now on; default: as before. */
  readonly storeId?: string;
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
