import { createHash } from 'node:crypto';
import { type TenantBackup, tenantBackups } from '../api/v1alpha1/tenant-backup.ts';
import { type TenantControlPlane, tenantControlPlanes } from '../api/v1alpha1/tenant-control-plane.ts';
import { labels, tenantLabels } from '../controlplane/names.ts';

/** `app.kubernetes.io/component` of TenantBackups that a class asks for. */
export const classBackup = 'class-backup';

/**
 * The TenantBackup that the class in force wants for a control plane; undefined where it wants none. One for each storage: where archives go cannot be
 * changed, and those that are there stay listed. It goes with the control plane, its archives stay.
 */
export function buildClassBackup(tenant: TenantControlPlane): TenantBackup | undefined {
  const wish = tenant.status?.class?.settings.backup;
  const { name = '', namespace, uid = '' } = tenant.metadata ?? {};
  if (!wish) return undefined;
  const { apiVersion, kind } = tenantControlPlanes;
  return {
    apiVersion: tenantBackups.apiVersion,
    kind: tenantBackups.kind,
    metadata: {
      name: backupName(name, wish.storage),
      namespace,
      labels: tenantLabels(tenant, classBackup),
      ownerReferences: [{ apiVersion, kind, name, uid }],
    },
    spec: {
      tenantControlPlane: name,
      storage: wish.storage,
      schedule: wish.schedule,
      retention: wish.retention,
      suspend: false,
      deletionPolicy: 'Retain',
    },
  };
}

/** Whether a TenantBackup is one that a class asked for; a label or an owner that was taken off makes it nobody else's. */
export function isClassBackup({ metadata, spec }: TenantBackup, tenant: TenantControlPlane): boolean {
  const { name, namespace, labels: own, ownerReferences } = metadata ?? {};
  if (namespace !== tenant.metadata?.namespace) return false;
  if (name !== backupName(tenant.metadata?.name ?? '', spec.storage)) return false;
  const isOwned = ownerReferences?.some(({ uid }) => uid === tenant.metadata?.uid) ?? false;
  return isOwned || own?.[labels.component] === classBackup;
}

function backupName(tenant: string, storage: string): string {
  return `${tenant}-${createHash('sha256').update(storage).digest('hex').slice(0, 8)}`;
}
