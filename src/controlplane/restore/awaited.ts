import type { TenantControlPlane } from '../../api/v1alpha1/tenant-control-plane.ts';
import type { TenantRestore } from '../../api/v1alpha1/tenant-restore.ts';
import { isTrue } from '../../engine/conditions.ts';
import { annotations } from '../names.ts';

/** Whether what a control plane is to show comes from an archive, and is not there yet. */
export type AwaitedContents =
  | { readonly state: 'None' }
  /** Nothing may run on the partition, and `bringsRoots`: nor may roots be made. */
  | { readonly state: 'Pending'; readonly restore: string; readonly bringsRoots: boolean }
  | { readonly state: 'Arrived'; readonly restoreUid: string };

/** The name that the annotation on a TenantControlPlane gives. */
export function restoreNamedBy(tenant: TenantControlPlane): string | undefined {
  return tenant.metadata?.annotations?.[annotations.restore];
}

/**
 * `restore`: the TenantRestore that the tenant's annotation names, when it is there. The annotation may stay for ever, as in a repository
 * that objects are applied from: a restore counts once, whatever becomes of its object.
 */
export function awaitedContents(
  tenant: TenantControlPlane,
  restore: TenantRestore | undefined,
  runtimeId: string,
): AwaitedContents {
  const name = restoreNamedBy(tenant);
  if (name === undefined) return { state: 'None' };
  const restored = tenant.status?.restoredBy;
  if (!restore) {
    // It may be made after the control plane, which then must not begin with contents of its own.
    return restored === undefined && !hasRun(tenant)
      ? { state: 'Pending', restore: name, bringsRoots: true }
      : { state: 'None' };
  }
  const uid = restore.metadata?.uid ?? '';
  if (restored === uid) return { state: 'None' };
  if (restore.spec.tenantControlPlane !== tenant.metadata?.name) return { state: 'None' };
  const isDone = isTrue(restore.status?.conditions, 'Ready') && restore.status?.runtimeId === runtimeId;
  if (isDone) return { state: 'Arrived', restoreUid: uid };
  return { state: 'Pending', restore: name, bringsRoots: restore.spec.mode === 'InPlace' };
}

/** Whether its API server has ever answered: then there are contents of its own. */
export function hasRun({ status }: TenantControlPlane): boolean {
  return status?.timeline?.some(({ step }) => step === 'ApiServerReady') ?? false;
}
