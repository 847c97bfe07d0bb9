import type { TenantBackup } from '../../api/v1alpha1/tenant-backup.ts';
import type { TenantRestore } from '../../api/v1alpha1/tenant-restore.ts';
import type { Informer } from '../../kube/informer.ts';
import { type Obstacle, ObstacleError } from '../outcome.ts';
import { type StorageDependencies, storageOf } from '../storage-of.ts';
import type { ObjectStorage } from '../storage/storage.ts';
import { archivePrefix } from '../take.ts';

export interface SourceDependencies extends StorageDependencies {
  readonly backups: Pick<Informer<TenantBackup>, 'get'>;
}

/** Where an archive is. */
export interface Location {
  readonly storage: string;
  readonly key: string;
}

/** An archive that can be read and opened. */
export interface Source {
  readonly location: Location;
  readonly storage: ObjectStorage;
  readonly identity: string;
}

/** The archive that is meant. Once one was verified it stays the same, whatever newer ones there are. */
export function locate({ metadata, spec, status }: TenantRestore, { backups }: SourceDependencies): Location {
  const namespace = metadata?.namespace ?? '';
  const { backup: name, archive } = spec.source;
  const { storage, key } = status?.archive ?? spec.source;
  if (storage !== undefined && key !== undefined) {
    if (key.startsWith(archivePrefix(namespace))) return { storage, key };
    throw obstacle(
      'ArchiveNotFound',
      `spec.source.key: ${key} is no archive of a tenant of namespace ${namespace}.`,
    );
  }
  const backup = backups.get({ namespace, name: name ?? '' });
  if (!backup)
    throw obstacle(
      'ArchiveNotFound',
      `spec.source.backup: there is no TenantBackup ${name} in this namespace.`,
    );
  const archives = backup.status?.archives ?? [];
  const found = archive === undefined ? archives.at(-1) : archives.find((one) => one.name === archive);
  if (found) return { storage: backup.spec.storage, key: found.key };
  const which = archive === undefined ? 'no archive yet' : `no archive ${archive}`;
  throw obstacle('ArchiveNotFound', `spec.source: TenantBackup ${name} has ${which}.`);
}

export function openSource(location: Location, dependencies: SourceDependencies): Source {
  const opened = storageOf(location.storage, dependencies);
  if (opened.identity !== undefined) return { location, storage: opened.storage, identity: opened.identity };
  const message = `BackupStorage ${location.storage} names no Secret with an identity (spec.encryption.identitySecret), which archives are opened with.`;
  throw obstacle('ArchiveSealed', message);
}

function obstacle(reason: Obstacle['reason'], message: string): ObstacleError {
  return new ObstacleError({ reason, message });
}
