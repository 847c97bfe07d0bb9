import type { DataStoreStatus } from '../api/v1alpha1/data-store.ts';
import type { Reason } from '../api/v1alpha1/reasons.ts';
import { type Condition, type ConditionUpdate, findCondition } from '../engine/conditions.ts';
import type { DataStoreHealth } from './driver.ts';
import { type Capacity, quotaOf } from './status-figures.ts';

export type Level = 'Enough' | 'Low' | 'VeryLow';

/** Percent from which a level holds, and below which it no longer does. */
const thresholds = { Low: { from: 70, until: 65 }, VeryLow: { from: 85, until: 80 } } as const;

/** Around a threshold the level stays what it was, so that nobody is told of it twice. */
export function levelOf(previous: Level, percent: number): Level {
  const holds = (level: 'Low' | 'VeryLow', held: boolean) =>
    percent >= (held ? thresholds[level].until : thresholds[level].from);
  if (holds('VeryLow', previous === 'VeryLow')) return 'VeryLow';
  return holds('Low', previous !== 'Enough') ? 'Low' : 'Enough';
}

/** What runs out in a store: its condition, the reasons of that, and what is said of it. */
interface Supply {
  readonly type: string;
  readonly reasons: Readonly<Record<Level, Reason>>;
  readonly enough: string;
}

export const space: Supply = {
  type: 'SpaceAvailable',
  reasons: { Enough: 'AsExpected', Low: 'SpaceLow', VeryLow: 'SpaceVeryLow' },
  enough: 'There is room on the disk.',
};

export const connections: Supply = {
  type: 'ConnectionsAvailable',
  reasons: { Enough: 'AsExpected', Low: 'ConnectionsLow', VeryLow: 'ConnectionsVeryLow' },
  enough: 'There are connections to spare.',
};

/** Conditions of what the store tells about; of a full one see status.ts. */
export function supplyConditions(
  previous: DataStoreStatus | undefined,
  health: DataStoreHealth,
  capacity: Capacity,
): ConditionUpdate[] {
  const quota = quotaOf(health, capacity);
  const { used, limit } = health.connections ?? {};
  const mebibytes = Math.round((quota ?? 0) / 2 ** 20);
  return [
    ...describe(space, previous?.conditions, [health.sizeBytes, quota], `the ${mebibytes} MiB on its disk`),
    ...describe(connections, previous?.conditions, [used, limit], `its ${limit} connections`),
  ];
}

function describe(
  supply: Supply,
  previous: readonly Condition[] | undefined,
  [used, limit]: readonly [number | undefined, number | undefined],
  what: string,
): ConditionUpdate[] {
  if (used === undefined || limit === undefined || limit <= 0) return [];
  const level = levelOf(readLevel(supply, previous), (used / limit) * 100);
  const { type, reasons, enough } = supply;
  const reason = reasons[level];
  if (level === 'Enough') return [{ type, status: 'True', reason, message: enough }];
  const { from, until } = thresholds[level];
  const message = `Use has reached ${from} % of ${what}; it is better again below ${until} %.`;
  return [{ type, status: 'False', reason, message }];
}

function readLevel({ type, reasons }: Supply, conditions: readonly Condition[] | undefined): Level {
  const reason = findCondition(conditions, type)?.reason;
  // A full store has just been one with very little left.
  if (reason === reasons.VeryLow || reason === 'DataStoreNoSpace') return 'VeryLow';
  return reason === reasons.Low ? 'Low' : 'Enough';
}
