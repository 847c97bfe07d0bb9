import type { DataStoreStatus } from '../api/v1alpha1/data-store.ts';
import type { DataStoreHealth } from './driver.ts';

/*
 * Every figure that moves by itself is told in steps, and only after it has left the last one for good: a status that follows each byte is
 * a write a minute for each store, to be sent to everybody who watches, and says no more.
 */

const mebibyte = 1024 * 1024;
/** What a size has to move by before it is told: this share of itself, and this many bytes. */
const sizeStep = { share: 0.2, bytes: 64 * mebibyte };
/** Percent, and how far beyond a step the share has to be before the other step is told. */
const percentStep = { width: 5, slack: 1 };
const latencyStepMs = 100;
/** Share of the limit that connections in use have to move by. */
const connectionStep = 0.1;
/** Share of the connections that tenants may take all together; the rest is for rollouts, Marina and people. */
const connectionsForTenants = 0.85;

export type Figures = Pick<
  DataStoreStatus,
  'latencyMilliseconds' | 'sizeBytes' | 'quotaBytes' | 'quotaPercent' | 'connections' | 'tenantCapacity'
>;

export interface Capacity {
  readonly storageBytes?: number;
  readonly tenants?: number;
}

/** What is known of a store that does not answer stays as it was, but for the latency. */
export function tellFigures(
  previous: Figures | undefined,
  health: DataStoreHealth | undefined,
  capacity: Capacity,
): Figures {
  const latency = tellLatency(previous?.latencyMilliseconds, health?.latencyMs);
  const connections = tellConnections(previous?.connections, health?.connections);
  const tenantCapacity = health ? tenantCapacityOf(health, capacity) : previous?.tenantCapacity;
  return {
    ...(latency !== undefined && { latencyMilliseconds: latency }),
    ...tellSize(previous, health?.sizeBytes, quotaOf(health, capacity) ?? previous?.quotaBytes),
    ...(connections && { connections }),
    ...(tenantCapacity !== undefined && { tenantCapacity }),
  };
}

/** The platform team's word counts before the store's own. */
export function quotaOf(health: DataStoreHealth | undefined, capacity: Capacity): number | undefined {
  return capacity.storageBytes ?? health?.quotaBytes;
}

/** Smaller where all that the store may take is little. */
export function noticeableBytes(quotaBytes: number | undefined): number {
  const step = quotaBytes === undefined ? sizeStep.bytes : (quotaBytes * percentStep.width) / 100;
  return Math.min(sizeStep.bytes, step);
}

export function isNoticeable(before: number, after: number, floor: number): boolean {
  return Math.abs(after - before) >= Math.max(floor, before * sizeStep.share);
}

export function median(values: readonly number[]): number | undefined {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)];
}

function tellSize(
  previous: Figures | undefined,
  size: number | undefined,
  quota: number | undefined,
): Pick<Figures, 'sizeBytes' | 'quotaBytes' | 'quotaPercent'> {
  const before = previous?.sizeBytes;
  const measured = size ?? before;
  if (measured === undefined) return quota === undefined ? {} : { quotaBytes: quota };
  const percent =
    quota === undefined ? undefined : tellPercent(previous?.quotaPercent, (measured / quota) * 100);
  const isNews =
    before === undefined ||
    percent !== previous?.quotaPercent ||
    isNoticeable(before, measured, sizeStep.bytes);
  return {
    sizeBytes: Math.round(isNews ? measured : before),
    ...(quota !== undefined && { quotaBytes: quota, quotaPercent: percent }),
  };
}

function tellPercent(told: number | undefined, percent: number): number {
  const { width, slack } = percentStep;
  const isStill = told !== undefined && percent >= told - slack && percent < told + width + slack;
  return isStill ? told : Math.floor(percent / width) * width;
}

function tellLatency(told: number | undefined, latencyMs: number | undefined): number | undefined {
  if (latencyMs === undefined) return undefined;
  const current = Math.round(latencyMs);
  return told !== undefined && Math.abs(current - told) < latencyStepMs ? told : current;
}

function tellConnections(
  told: Figures['connections'],
  current: DataStoreHealth['connections'],
): Figures['connections'] {
  if (!current) return told;
  const { used, limit } = current;
  const isStill = told?.limit === limit && Math.abs(used - told.used) < limit * connectionStep;
  return isStill ? told : { used, limit };
}

function tenantCapacityOf({ connections }: DataStoreHealth, { tenants }: Capacity): number | undefined {
  const limits = [
    ...(tenants === undefined ? [] : [tenants]),
    ...(connections ? [Math.floor((connections.limit * connectionsForTenants) / connections.perTenant)] : []),
  ];
  return limits.length > 0 ? Math.min(...limits) : undefined;
}
