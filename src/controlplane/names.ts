import type { TenantControlPlane } from '../api/v1alpha1/tenant-control-plane.ts';
import { keyOf, type KubeObject, type ObjectRef } from '../kube/resource.ts';
import { runtimeId } from './runtime-id.ts';

/** Keeps a TenantControlPlane until everything that it owns outside its namespace is gone. */
export const finalizer = 'marina.dev/control-plane';

export const labels = {
  managedBy: 'app.kubernetes.io/managed-by',
  component: 'app.kubernetes.io/component',
  runtimeId: 'marina.dev/runtime-id',
  name: 'marina.dev/tenant-control-plane',
  namespace: 'marina.dev/tenant-control-plane-namespace',
} as const;

export const annotations = {
  /** Hash of the object as Marina last applied it: tells when a field was given up that the live object still has. */
  applied: 'marina.dev/applied-hash',
  /** On the pod template: hash of the files that are read at start only. */
  startupFiles: 'marina.dev/startup-files-hash',
  /** On the credential for a partition: the DataStore that it is in. */
  dataStore: 'marina.dev/data-store',
  /** On a TenantControlPlane that has moved: names the DataStore in which the partition from before is no longer kept. */
  discardPartition: 'marina.dev/discard-previous-partition',
  /** On a TenantControlPlane: names the TenantRestore that its contents come from. */
  restore: 'marina.dev/restore',
  /** On a TenantControlPlane that is being deleted: names the partition that may stay in a store that does not remove it. */
  abandonPartition: 'marina.dev/abandon-partition',
} as const;

/** Inside a tenant: the admission policy of a storage budget, and its binding. */
export const storageBudgetPolicy = 'storage-budget.marina.dev';

/** Selects what Marina made, in its own namespaces. */
export const managedSelector = `${labels.managedBy}=marina`;

/** Where one tenant's objects are. */
export interface TenantNames {
  readonly runtimeId: string;
  /** Namespace of everything that runs or is secret. */
  readonly namespace: string;
  readonly service: string;
  readonly deployment: string;
  readonly disruptionBudget: string;
  readonly roots: string;
  readonly certificates: string;
  readonly dataStoreAccess: string;
  readonly config: string;
  /** In the namespace of the TenantControlPlane. */
  readonly adminKubeconfig: string;
}

/** Namespace is the one for control planes, usually `marina-tenants`. */
export function tenantNames(tenant: TenantControlPlane, namespace: string): TenantNames {
  const id = runtimeId(tenant.metadata?.uid ?? '');
  return {
    runtimeId: id,
    namespace,
    service: id,
    deployment: id,
    disruptionBudget: id,
    roots: `${id}-roots`,
    certificates: `${id}-certificates`,
    dataStoreAccess: `${id}-datastore`,
    config: `${id}-config`,
    adminKubeconfig: `${tenant.metadata?.name}-kubeconfig`,
  };
}

/** Labels of every object that belongs to a tenant. */
export function tenantLabels(tenant: TenantControlPlane, component: string): Record<string, string> {
  return {
    [labels.managedBy]: 'marina',
    [labels.component]: component,
    [labels.runtimeId]: runtimeId(tenant.metadata?.uid ?? ''),
    [labels.name]: tenant.metadata?.name ?? '',
    [labels.namespace]: tenant.metadata?.namespace ?? '',
  };
}

/** Labels that select the pods of one control plane; they never change. */
export function podSelector(id: string): Record<string, string> {
  return { [labels.runtimeId]: id, [labels.component]: 'control-plane' };
}

/** The tenant that an owned object belongs to, as a queue key; undefined for objects that are not a tenant's. */
export function tenantKeyOf(object: KubeObject): string | undefined {
  const owner: ObjectRef = {
    namespace: object.metadata?.labels?.[labels.namespace],
    name: object.metadata?.labels?.[labels.name] ?? '',
  };
  return owner.namespace && owner.name ? keyOf(owner) : undefined;
}
