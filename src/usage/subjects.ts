import type { DataStore } from '../api/v1alpha1/data-store.ts';
import type { TenantControlPlane } from '../api/v1alpha1/tenant-control-plane.ts';
import { effectiveTenant } from '../controlplane/class/effective.ts';
import type { Pod } from '../kube/resources.ts';
import type { Subject } from './changes.ts';
import type { Existence } from './existence.ts';
import type { Offer } from './sample.ts';

/** Undefined until something is made for it: one that its class or a quota holds back has nothing. */
export function toSubject({ metadata, status }: TenantControlPlane): Subject | undefined {
  const { uid, namespace, name, creationTimestamp = '', deletionTimestamp } = metadata ?? {};
  const beginnings = status?.timeline?.filter(
    ({ step }) => step === 'EndpointAssigned' || step === 'PartitionReady',
  );
  if (!uid || !namespace || !name || !beginnings?.length) return undefined;
  const firstMs = Math.min(...beginnings.map(({ time }) => Date.parse(time)));
  const bornMs = Math.max(Date.parse(creationTimestamp), firstMs);
  if (Number.isNaN(bornMs)) return undefined;
  return {
    uid,
    namespace,
    name,
    bornMs,
    ...(deletionTimestamp !== undefined && { deletedMs: Date.parse(deletionTimestamp) }),
  };
}

/** Class and size that it was let in with; what it asks for may be anything. A size that is not said is the default of the class in force. */
export function offerOf({ status }: TenantControlPlane): Offer {
  const { admitted, class: inForce } = status ?? {};
  return {
    className: admitted?.className ?? inForce?.name ?? '',
    size: admitted?.size ?? inForce?.settings.sizes?.default ?? '',
  };
}

/** `pods`: those of its control plane. */
export function toExistence(
  tenant: TenantControlPlane,
  { bornMs, deletedMs }: Subject,
  pods: readonly Pod[],
): Existence {
  const isEnded = ({ status }: Pod) => status?.phase === 'Succeeded' || status?.phase === 'Failed';
  return {
    bornMs,
    ...(deletedMs !== undefined && { deletedMs }),
    isStopped: effectiveTenant(tenant).spec.controlPlane.deployment.replicas === 0 && pods.every(isEnded),
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
