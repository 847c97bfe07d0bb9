import type { TenantControlPlane } from '../../api/v1alpha1/tenant-control-plane.ts';
import type { TenantRestore } from '../../api/v1alpha1/tenant-restore.ts';
import { isTrue } from '../../engine/conditions.ts';
import { hasFinalizer } from '../../engine/finalizer.ts';
import { annotations } from '../names.ts';
import { hasReached } from '../timeline.ts';

/** Keeps a TenantRestore from when it begins to write until the control plane has taken note of what is there. */
export const restoreFinalizer = 'marina.dev/restore';

/** Whether what a control plane is to show comes from an archive, and is not there yet. */
export type AwaitedContents =
  | { readonly state: 'None' }
  /** Nothing may run on the partition, and `bringsRoots`: nor may roots be made. */
  | { readonly state: 'Pending'; readonly restore: string; readonly bringsRoots: boolean }
  | { readonly state: 'Arrived'; readonly restoreUid: string }
  /** The restore that is named has been done, for another control plane: it brings nothing any more. */
  | { readonly state: 'Spent'; readonly restore: string };

/** Whether an archive is taking the place of the contents, or is about to. */
export function isAwaiting({ state }: AwaitedContents): boolean {
  return state === 'Pending' || state === 'Arrived';
}

/** The name that the annotation on a TenantControlPlane gives. */
export function restoreNamedBy(tenant: TenantControlPlane): string | undefined {
  return tenant.metadata?.annotations?.[annotations.restore];
}

/** Whether a TenantBackup or a TenantRestore is of this control plane. */
export function isOf(
  { metadata }: TenantControlPlane,
  object: Pick<TenantRestore, 'metadata'> & { readonly spec: { readonly tenantControlPlane: string } },
): boolean {
  return (
    object.metadata?.namespace === metadata?.namespace && object.spec.tenantControlPlane === metadata?.name
  );
}

/**
 * `all`: TenantRestores of whatever control plane. One that writes, or has just written, counts whatever the annotation says. The annotation may
 * stay for ever, as in a repository that objects are applied from: a restore counts once, whatever becomes of its object.
 */
export function awaitedContents(
  tenant: TenantControlPlane,
  all: readonly TenantRestore[],
  runtimeId: string,
): AwaitedContents {
  const restores = all.filter((restore) => isOf(tenant, restore));
  const writing = restores.find((restore) => !isDone(restore) && hasFinalizer(restore, restoreFinalizer));
  if (writing) return pending(writing);
  const restored = tenant.status?.restoredBy;
  const arrived = restores.find(
    (restore) =>
      isDone(restore) &&
      hasFinalizer(restore, restoreFinalizer) &&
      restore.status?.runtimeId === runtimeId &&
      restore.metadata?.uid !== restored,
  );
  if (arrived) return { state: 'Arrived', restoreUid: arrived.metadata?.uid ?? '' };
  return whatTheAnnotationSays(tenant, restores, runtimeId);
}

function whatTheAnnotationSays(
  tenant: TenantControlPlane,
  restores: readonly TenantRestore[],
  runtimeId: string,
): AwaitedContents {
  const restored = tenant.status?.restoredBy;
  const name = restoreNamedBy(tenant);
  if (name === undefined) return { state: 'None' };
  const named = restores.find(({ metadata }) => metadata?.name === name);
  if (!named) {
    // It may be made after the control plane, which then must not begin with contents of its own.
    return restored === undefined && !hasReached(tenant, 'ApiServerReady')
      ? { state: 'Pending', restore: name, bringsRoots: true }
      : { state: 'None' };
  }
  const restoreUid = named.metadata?.uid ?? '';
  if (restored === restoreUid) return { state: 'None' };
  if (!isDone(named)) return pending(named);
  return named.status?.runtimeId === runtimeId
    ? { state: 'Arrived', restoreUid }
    : { state: 'Spent', restore: name };
}

function pending({ metadata, spec }: TenantRestore): AwaitedContents {
  return { state: 'Pending', restore: metadata?.name ?? '', bringsRoots: spec.mode === 'InPlace' };
}

function isDone({ status }: TenantRestore): boolean {
  return isTrue(status?.conditions, 'Ready');
}
