import type { ControlPlaneClass } from '../api/v1alpha1/control-plane-class.ts';
import type { ControlPlaneQuota } from '../api/v1alpha1/control-plane-quota.ts';
import type { DataStore } from '../api/v1alpha1/data-store.ts';
import type { TenantControlPlane } from '../api/v1alpha1/tenant-control-plane.ts';
import type { TenantRestore } from '../api/v1alpha1/tenant-restore.ts';
import type { Informer } from '../kube/informer.ts';
import type { ConfigMap, Deployment, Pod, PodDisruptionBudget, Secret, Service } from '../kube/resources.ts';
import type { CompleteTenant } from './class/complete.ts';
import { effectiveTenant } from './class/effective.ts';
import { storeOf } from './datastore-access/store-of.ts';
import { podSelector, tenantNames, type TenantNames } from './names.ts';
import { type AwaitedContents, awaitedContents } from './restore/awaited.ts';
import type { ControlPlaneSettings } from './settings.ts';

/** Caches of everything that a reconcile reads in the management cluster. */
export interface ControlPlaneCaches {
  readonly tenants: Informer<TenantControlPlane>;
  readonly classes: Informer<ControlPlaneClass>;
  readonly quotas: Informer<ControlPlaneQuota>;
  readonly dataStores: Informer<DataStore>;
  readonly restores: Informer<TenantRestore>;
  readonly services: Informer<Service>;
  readonly secrets: Informer<Secret>;
  readonly configMaps: Informer<ConfigMap>;
  readonly deployments: Informer<Deployment>;
  readonly disruptionBudgets: Informer<PodDisruptionBudget>;
  readonly pods: Informer<Pod>;
}

/** One tenant and all that belongs to it, as the caches have it at the start of a reconcile. */
export interface View {
  /** As it is to be now: with what its class says and its quota lets in. */
  readonly tenant: CompleteTenant;
  readonly names: TenantNames;
  readonly dataStore: DataStore | undefined;
  readonly awaited: AwaitedContents;
  readonly service: Service | undefined;
  readonly roots: Secret | undefined;
  readonly certificates: Secret | undefined;
  readonly dataStoreAccess: Secret | undefined;
  readonly config: ConfigMap | undefined;
  readonly deployment: Deployment | undefined;
  readonly disruptionBudget: PodDisruptionBudget | undefined;
  readonly pods: readonly Pod[];
}

export function gather(
  tenant: TenantControlPlane,
  caches: ControlPlaneCaches,
  settings: ControlPlaneSettings,
): View {
  const names = tenantNames(tenant, settings.namespace);
  const owned = (name: string) => ({ namespace: names.namespace, name });
  return {
    tenant: effectiveTenant(tenant),
    names,
    dataStore: caches.dataStores.get({ name: storeOf(tenant) ?? '' }),
    awaited: awaitedContents(tenant, caches.restores.list(), names.runtimeId),
    service: caches.services.get(owned(names.service)),
    roots: caches.secrets.get(owned(names.roots)),
    certificates: caches.secrets.get(owned(names.certificates)),
    dataStoreAccess: caches.secrets.get(owned(names.dataStoreAccess)),
    config: caches.configMaps.get(owned(names.config)),
    deployment: caches.deployments.get(owned(names.deployment)),
    disruptionBudget: caches.disruptionBudgets.get(owned(names.disruptionBudget)),
    pods: caches.pods.byIndex(podsByRuntimeId, names.runtimeId),
  };
}

/** Index of the pod cache. */
export const podsByRuntimeId = 'runtimeId';

export function runtimeIdsOfPod(pod: Pod): readonly string[] {
  const [key] = Object.keys(podSelector(''));
  const id = key ? pod.metadata?.labels?.[key] : undefined;
  return id ? [id] : [];
}
