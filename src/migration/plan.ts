import type { Migration, TenantControlPlane } from '../api/v1alpha1/tenant-control-plane.ts';
import { storeOf } from '../controlplane/datastore-access/store-of.ts';
import { annotations } from '../controlplane/names.ts';
import { hasReached } from '../controlplane/timeline.ts';
import { isTrue } from '../engine/conditions.ts';

/** What is to be done next about where the state of a control plane is. */
export type MigrationStep =
  | { readonly do: 'nothing' }
  | { readonly do: 'begin'; readonly from: string; readonly to: string }
  /** Bring the target up to date while the cluster goes on. */
  | { readonly do: 'copy'; readonly migration: Migration }
  /** Stop writes, copy what changed last, compare, switch. */
  | { readonly do: 'switch'; readonly migration: Migration }
  /** Pods on the new store serve. */
  | { readonly do: 'complete'; readonly migration: Migration }
  /** The wish was taken back, or is another one: the target is emptied, the source is as it was. */
  | { readonly do: 'abort'; readonly migration: Migration }
  /** The partition from before is no longer wanted. */
  | { readonly do: 'discard'; readonly migration: Migration }
  | { readonly do: 'wait'; readonly migration: Migration; readonly message: string };

export function planMigration(tenant: TenantControlPlane): MigrationStep {
  const { metadata, spec, status } = tenant;
  const current = storeOf(tenant);
  const wanted = spec.dataStore;
  if (!wanted || !current || !hasReached(tenant, 'PartitionReady') || metadata?.deletionTimestamp)
    return { do: 'nothing' };
  const migration = status?.migration;
  if (migration) return goOn(tenant, migration);
  return wanted === current ? { do: 'nothing' } : { do: 'begin', from: current, to: wanted };
}

function goOn(tenant: TenantControlPlane, migration: Migration): MigrationStep {
  const isWanted = tenant.spec.dataStore === migration.to;
  switch (migration.phase) {
    case 'Copying':
      return { do: isWanted ? 'copy' : 'abort', migration };
    case 'ReadOnly':
      return { do: isWanted ? 'switch' : 'abort', migration };
    case 'Switched':
      return serves(tenant, migration.to) ? { do: 'complete', migration } : { do: 'nothing' };
    case 'Complete':
      return afterwards(tenant, migration);
  }
}

function afterwards(tenant: TenantControlPlane, migration: Migration): MigrationStep {
  const { metadata, spec } = tenant;
  if (
    metadata?.annotations?.[annotations.discardPartition] === migration.from &&
    spec.dataStore !== migration.from
  ) {
    return { do: 'discard', migration };
  }
  if (spec.dataStore === migration.to) return { do: 'nothing' };
  if (spec.dataStore === migration.from) return { do: 'begin', from: migration.to, to: migration.from };
  const message =
    `DataStore ${migration.from} still has the partition from before the last move. Annotate with ` +
    `${annotations.discardPartition}=${migration.from} to let it go; then this move begins.`;
  return { do: 'wait', migration, message };
}

function serves({ status }: TenantControlPlane, store: string): boolean {
  return status?.runningOn === store && isTrue(status.conditions, 'Ready');
}
