import type { BackupStorage } from '../api/v1alpha1/backup-storage.ts';
import type { TenantBackup } from '../api/v1alpha1/tenant-backup.ts';
import type { TenantControlPlane } from '../api/v1alpha1/tenant-control-plane.ts';
import type { TenantRestore } from '../api/v1alpha1/tenant-restore.ts';
import { type TenantBackupDependencies, TenantBackupReconciler } from '../backup/tenant-backup/reconciler.ts';
import {
  type TenantRestoreDependencies,
  TenantRestoreReconciler,
} from '../backup/tenant-restore/reconciler.ts';
import { restoreFinalizer } from '../controlplane/restore/awaited.ts';
import { findCondition } from '../engine/conditions.ts';
import { Controller } from '../engine/controller.ts';
import { hasFinalizer } from '../engine/finalizer.ts';
import { type KubeObject, keyOf, refOf } from '../kube/resource.ts';
import type { Caches } from './caches.ts';
import { type Engine, selfKey, wishChanged } from './controllers.ts';

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
      (tenant: TenantControlPlane) =>
        keysOf(
          backups.list(),
          ({ metadata, spec }) =>
            metadata?.namespace === tenant.metadata?.namespace &&
            spec.tenantControlPlane === tenant.metadata?.name,
        ),
      {
        when: (previous, current) => hasState(previous) !== hasState(current),
      },
    )
    .watches(
      storages,
      (storage: BackupStorage) =>
        keysOf(backups.list(), ({ spec }) => spec.storage === storage.metadata?.name),
      {
        when: readinessChanged,
      },
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
      .filter(
        (restore) =>
          findCondition(restore.status?.conditions, 'Ready')?.status !== 'True' ||
          hasFinalizer(restore, restoreFinalizer),
      );
  return new Controller({
    ...engine,
    workers,
    timeoutMs,
    name: 'tenantrestore',
    reconcile: (key, context) => reconciler.reconcile(key, context),
  })
    .watches(restores, selfKey, { when: statusOrWishChanged })
    .watches(tenants, (tenant: TenantControlPlane) =>
      keysOf(
        underWay(),
        ({ metadata, spec }) =>
          metadata?.namespace === tenant.metadata?.namespace &&
          spec.tenantControlPlane === tenant.metadata?.name,
      ),
    )
    .watches(backups, (backup: TenantBackup) =>
      keysOf(
        underWay(),
        ({ metadata, spec }) =>
          metadata?.namespace === backup.metadata?.namespace && spec.source.backup === backup.metadata?.name,
      ),
    )
    .watches(storages, () => keysOf(underWay(), () => true), { when: readinessChanged });
}

type CachesOfRestores = Pick<
  TenantRestoreDependencies,
  'restores' | 'backups' | 'tenants' | 'dataStores' | 'storages'
>;

function keysOf<T extends KubeObject>(
  objects: readonly T[],
  concerned: (object: T) => boolean,
): readonly string[] {
  return objects.filter(concerned).map((object) => keyOf(refOf(object)));
}

function hasState(tenant: TenantControlPlane | undefined): boolean {
  return tenant?.status?.timeline?.some(({ step }) => step === 'PartitionReady') ?? false;
}

function readinessChanged(previous: BackupStorage | undefined, current: BackupStorage | undefined): boolean {
  const ready = (storage: BackupStorage | undefined) =>
    findCondition(storage?.status?.conditions, 'Ready')?.status;
  return (
    ready(previous) !== ready(current) || previous?.metadata?.generation !== current?.metadata?.generation
  );
}

/** Another pass takes the finalizer away when the contents are in place. */
function statusOrWishChanged(
  previous: TenantRestore | undefined,
  current: TenantRestore | undefined,
): boolean {
  const ready = (restore: TenantRestore | undefined) =>
    findCondition(restore?.status?.conditions, 'Ready')?.status;
  return wishChanged(previous, current) || ready(previous) !== ready(current);
}
