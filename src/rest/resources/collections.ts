import { backupStorages } from '../../api/v1alpha1/backup-storage.ts';
import { controlPlaneClasses } from '../../api/v1alpha1/control-plane-class.ts';
import { controlPlaneQuotas } from '../../api/v1alpha1/control-plane-quota.ts';
import { dataStores } from '../../api/v1alpha1/data-store.ts';
import { tenantBackups } from '../../api/v1alpha1/tenant-backup.ts';
import { tenantControlPlanes } from '../../api/v1alpha1/tenant-control-plane.ts';
import { tenantRestores } from '../../api/v1alpha1/tenant-restore.ts';
import { collection } from './collection.ts';
import { readableCollection, writableCollection } from './collection.controller.ts';

export const controlPlanes = collection(tenantControlPlanes, 'ControlPlane', 'control plane');

/** Every kind that REST serves as it is. */
export const collectionControllers = [
  writableCollection(controlPlanes),
  writableCollection(collection(tenantBackups, 'Backup', 'backup')),
  writableCollection(collection(tenantRestores, 'Restore', 'restore')),
  readableCollection(collection(controlPlaneQuotas, 'Quota', 'quota')),
  readableCollection(collection(controlPlaneClasses, 'Class', 'class')),
  readableCollection(collection(dataStores, 'DataStore', 'data store')),
  readableCollection(collection(backupStorages, 'BackupStorage', 'backup storage')),
];
