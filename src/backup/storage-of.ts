import type { BackupStorage } from '../api/v1alpha1/backup-storage.ts';
import type { Informer } from '../kube/informer.ts';
import { ObstacleError } from './outcome.ts';
import type { OpenedBackupStorage } from './storage/open.ts';

export interface StorageDependencies {
  readonly storages: Pick<Informer<BackupStorage>, 'get'>;
  readonly openStorage: (storage: BackupStorage) => OpenedBackupStorage;
}

/** The BackupStorage of this name, open. @throws ObstacleError when there is none, or its Secrets do not do */
export function storageOf(
  name: string,
  { storages, openStorage }: StorageDependencies,
): Extract<OpenedBackupStorage, { ok: true }> {
  const object = storages.get({ name });
  if (!object) {
    const message = `There is no BackupStorage ${name}.`;
    throw new ObstacleError({ reason: 'BackupStorageNotFound', message });
  }
  const opened = openStorage(object);
  if (!opened.ok) throw new ObstacleError({ reason: opened.reason, message: opened.message });
  return opened;
}
