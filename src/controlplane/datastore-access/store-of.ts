import type { TenantControlPlane } from '../../api/v1alpha1/tenant-control-plane.ts';
import type { PartitionAccess } from '../../datastore/driver.ts';
import { isShut } from '../storage-budget.ts';
import { hasReached } from '../timeline.ts';

/**
 * The DataStore that keeps the state of a control plane: what the specification says, until there is a state; from then on what a migration has
 * made of it. Undefined while none has been chosen.
 */
export function storeOf(tenant: TenantControlPlane): string | undefined {
  const { spec, status } = tenant;
  return (hasReached(tenant, 'PartitionReady') ? status?.dataStore : undefined) ?? spec.dataStore;
}

/** All DataStores in which there may be something of it. */
export function storesOf(tenant: TenantControlPlane): readonly string[] {
  const { migration } = tenant.status ?? {};
  const names = [storeOf(tenant), migration?.from, migration?.to];
  return [...new Set(names.filter((name) => name !== undefined))];
}

/** What its credential may do there now. */
export function accessTo(tenant: TenantControlPlane, store: string): PartitionAccess {
  const { status } = tenant;
  const { migration } = status ?? {};
  const isLeft = migration?.from === store && (migration.phase === 'ReadOnly' || status?.dataStore !== store);
  return isLeft || isShut(tenant) ? 'ReadOnly' : 'ReadWrite';
}
