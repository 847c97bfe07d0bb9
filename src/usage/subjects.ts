import type { DataStore } from '../api/v1alpha1/data-store.ts';
import type { TenantControlPlane } from '../api/v1alpha1/tenant-control-plane.ts';
import type { Subject } from './changes.ts';
import type { Existence } from './existence.ts';
import type { Offer } from './sample.ts';

/** Undefined before it is accepted: until then nothing is there. */
export function toSubject({ metadata, status }: TenantControlPlane): Subject | undefined {
  const { uid, namespace, name, creationTimestamp = '', deletionTimestamp } = metadata ?? {};
  const accepted = status?.timeline?.find(({ step }) => step === 'Accepted');
  const acceptedMs = Math.max(Date.parse(creationTimestamp), Date.parse(accepted?.time ?? ''));
  if (!uid || !namespace || !name || Number.isNaN(acceptedMs)) return undefined;
  return {
    uid,
    namespace,
    name,
    acceptedMs,
    ...(deletionTimestamp !== undefined && { deletedMs: Date.parse(deletionTimestamp) }),
  };
}

/** Class and size as ordered; a size that is left out is the default of the class in force. */
export function offerOf({ spec, status }: TenantControlPlane): Offer {
  const { className = '', size = status?.class?.settings.sizes?.default ?? '' } = spec;
  return { className, size };
}

export function toExistence(tenant: TenantControlPlane, { acceptedMs, deletedMs }: Subject): Existence {
  return {
    acceptedMs,
    ...(deletedMs !== undefined && { deletedMs }),
    // A class may fill it in, and never with 0.
    isStopped: tenant.spec.controlPlane.deployment.replicas === 0,
    ...offerOf(tenant),
  };
}

/** What its partition takes, as far as somebody has measured it: those with a budget, and the largest of a store. */
export function storageOf(
  { status }: TenantControlPlane,
  dataStore: DataStore | undefined,
): number | undefined {
  if (status?.storageBudget) return status.storageBudget.bytes;
  return dataStore?.status?.largestTenants?.find(({ partition }) => partition === status?.runtimeId)?.bytes;
}
