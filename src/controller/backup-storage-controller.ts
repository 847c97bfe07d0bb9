import type { BackupStorage } from '../api/v1alpha1/backup-storage.ts';
import {
  BackupStorageReconciler,
  type BackupStorageReconcilerDependencies,
} from '../backup/storage/reconciler.ts';
import { Controller } from '../engine/controller.ts';
import type { Secret } from '../kube/resources.ts';
import type { Caches } from './caches.ts';
import { type Engine, keysOf, selfKey, wishChanged } from './controllers.ts';

/** Reconciles BackupStorages: on their own changes and those of the Secrets that they name, and every few minutes. */
export function createBackupStorageController(
  dependencies: Omit<BackupStorageReconcilerDependencies, 'storages'>,
  { storages, storageSecrets }: Pick<Caches, 'storages' | 'storageSecrets'>,
  engine: Engine,
): Controller {
  const reconciler = new BackupStorageReconciler({ ...dependencies, storages });
  return new Controller({
    ...engine,
    workers: 2,
    name: 'backupstorage',
    reconcile: (key) => reconciler.reconcile(key),
  })
    .watches(storages, selfKey, { when: wishChanged })
    .watches(storageSecrets, (secret: Secret) =>
      keysOf(storages.list().filter((storage) => names(storage, secret))),
    );
}

function names({ spec }: BackupStorage, { metadata }: Secret): boolean {
  const named = [
    spec.s3?.credentialsSecret,
    spec.s3?.certificateAuthoritySecret,
    spec.encryption.identitySecret,
  ];
  return named.some((secret) => secret !== undefined && secret.name === metadata?.name);
}
