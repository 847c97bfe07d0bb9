import type { BackupStorage } from '../api/v1alpha1/backup-storage.ts';
import type { TenantBackup } from '../api/v1alpha1/tenant-backup.ts';
import type { TenantControlPlane } from '../api/v1alpha1/tenant-control-plane.ts';
import type { TenantRestore } from '../api/v1alpha1/tenant-restore.ts';
import { type TenantBackupDependencies, TenantBackupReconciler } from '../backup/tenant-backup/reconciler.ts';
import {
  type TenantRestoreDependencies,
  TenantRestoreReconciler,
} from '../backup/tenant-restore/reconciler.ts';
import { isOf, restoreFinalizer } from '../controlplane/restore/awaited.ts';
import { hasReached } from '../controlplane/timeline.ts';
import { Controller } from '../engine/controller.ts';
import { hasFinalizer } from '../engine/finalizer.ts';
import type { Caches } from './caches.ts';
import { type Engine, keysOf, readyOf, selfKey, wishChanged } from './controllers.ts';

/** How many archives are written, and how many are restored, at once: each takes a share of one store and of the processor. */
const workers = 2;
/** Milliseconds for one archive, of the largest tenants to the slowest of storages. */
const timeoutMs = 2 * 60 * 60_000;

/** Reconciles TenantBackups: on their own changes, when their tenant first has a state or their storage comes back, and when they are due. */
export function createTenantBackupController(
  dependencies: Omit<TenantBackupDependencies, keyof CachesOfBackups>,
  caches: Caches,
  engine: Engine,
): Controller {
  const { backups, restores, tenants, dataStores, storages, secrets } = caches;
  const reconciler = new TenantBackupReconciler({
    ...dependencies,
    backups,
    restores,
    tenants,
    dataStores,
    storages,
    secrets,
  });
  return new Controller({
    ...engine,
    workers,
    timeoutMs,
    name: 'tenantbackup',
    reconcile: (key, context) => reconciler.reconcile(key, context),
  })
    .watches(backups, selfKey, { when: wishChanged })
    .watches(
      tenants,
      (tenant: TenantControlPlane) => keysOf(backups.list().filter((backup) => isOf(tenant, backup))),
      { when: (previous, current) => hasState(previous) !== hasState(current) },
    )
    .watches(
      storages,
      (storage: BackupStorage) =>
        keysOf(backups.list().filter(({ spec }) => spec.storage === storage.metadata?.name)),
      { when: readinessChanged },
    );
}

type CachesOfBackups = Pick<
  TenantBackupDependencies,
  'backups' | 'restores' | 'tenants' | 'dataStores' | 'storages' | 'secrets'
>;

/** Reconciles TenantRestores: on their own changes, on those of their TenantControlPlane and of what they are read from. */
export function createTenantRestoreController(
  dependencies: Omit<TenantRestoreDependencies, keyof CachesOfRestores>,
  caches: Caches,
  engine: Engine,
): Controller {
  const { restores, backups, tenants, dataStores, storages } = caches;
  const reconciler = new TenantRestoreReconciler({
    ...dependencies,
    restores,
    backups,
    tenants,
    dataStores,
    storages,
  });
  const underWay = () =>
    restores
      .list()
      .filter((restore) => readyOf(restore) !== 'True' || hasFinalizer(restore, restoreFinalizer));
  return new Controller({
    ...engine,
    workers,
    timeoutMs,
    name: 'tenantrestore',
    reconcile: (key, context) => reconciler.reconcile(key, context),
  })
    .watches(restores, selfKey, { when: statusOrWishChanged })
    .watches(tenants, (tenant: TenantControlPlane) =>
      keysOf(underWay().filter((restore) => isOf(tenant, restore))),
    )
    .watches(backups, (backup: TenantBackup) =>
      keysOf(
        underWay().filter(
          ({ metadata, spec }) =>
            metadata?.namespace === backup.metadata?.namespace &&
            spec.source.backup === backup.metadata?.name,
        ),
      ),
    )
    .watches(storages, () => keysOf(underWay()), { when: readinessChanged });
}

type CachesOfRestores = Pick<
  TenantRestoreDependencies,
  'restores' | 'backups' | 'tenants' | 'dataStores' | 'storages'
>;

function hasState(tenant: TenantControlPlane | undefined): boolean {
  return tenant !== undefined && hasReached(tenant, 'PartitionReady');
}

function readinessChanged(previous: BackupStorage | undefined, current: BackupStorage | undefined): boolean {
  return (
    readyOf(previous) !== readyOf(current) || previous?.metadata?.generation !== current?.metadata?.generation
  );
}

/** Another pass takes the finalizer away when the contents are in place. */
function statusOrWishChanged(
  previous: TenantRestore | undefined,
  current: TenantRestore | undefined,
): boolean {
  return wishChanged(previous, current) || readyOf(previous) !== readyOf(current);
}
