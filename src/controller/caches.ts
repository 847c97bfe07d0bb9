import { type BackupStorage, backupStorages } from '../api/v1alpha1/backup-storage.ts';
import { type ControlPlaneClass, controlPlaneClasses } from '../api/v1alpha1/control-plane-class.ts';
import { type ControlPlaneQuota, controlPlaneQuotas } from '../api/v1alpha1/control-plane-quota.ts';
import { type DataStore, dataStores } from '../api/v1alpha1/data-store.ts';
import { type KubeconfigTemplate, kubeconfigTemplates } from '../api/v1alpha1/kubeconfig-template.ts';
import { type TenantControlPlane, tenantControlPlanes } from '../api/v1alpha1/tenant-control-plane.ts';
import { type TenantKubeconfig, tenantKubeconfigs } from '../api/v1alpha1/tenant-kubeconfig.ts';
import { type TenantBackup, tenantBackups } from '../api/v1alpha1/tenant-backup.ts';
import { type TenantRestore, tenantRestores } from '../api/v1alpha1/tenant-restore.ts';
import { managedSelector } from '../controlplane/names.ts';
import { type ControlPlaneCaches, podsByRuntimeId, runtimeIdsOfPod } from '../controlplane/view.ts';
import type { Clock } from '../engine/clock.ts';
import type { Log } from '../engine/log.ts';
import type { EngineMetrics } from '../engine/metrics.ts';
import type { KubeClient } from '../kube/client.ts';
import { Informer, type InformerOptions } from '../kube/informer.ts';
import { keyOf, type KubeObject, type Resource } from '../kube/resource.ts';
import {
  configMaps,
  deployments,
  type Node,
  nodes,
  podDisruptionBudgets,
  pods,
  type ResourceQuota,
  resourceQuotas,
  type Pod,
  type Secret,
  secrets,
  services,
} from '../kube/resources.ts';

export interface Caches extends ControlPlaneCaches {
  /** Secrets that DataStores name, in Marina's own namespace. */
  readonly storeSecrets: Informer<Secret>;
  readonly backups: Informer<TenantBackup>;
  readonly storages: Informer<BackupStorage>;
  readonly kubeconfigs: Informer<TenantKubeconfig>;
  readonly templates: Informer<KubeconfigTemplate>;
  /** Secrets that BackupStorages name, in Marina's own namespace. */
  readonly storageSecrets: Informer<Secret>;
  /** Those that Marina made, in every namespace. */
  readonly resourceQuotas: Informer<ResourceQuota>;
  /** Name and allocatable CPU only. */
  readonly nodes: Informer<Node>;
}

export interface CacheSettings {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: EngineMetrics;
  readonly namespace: string;
  readonly tenantsNamespace: string;
  /** In [0, 1), for what must not happen at once everywhere; default: the system’s. */
  readonly random?: () => number;
}

/** One watch a kind, for all tenants: Marina's memory does not grow with watches. */
export function createCaches(settings: CacheSettings): Caches {
  const { client, clock, log, metrics, namespace, tenantsNamespace, random } = settings;
  const watch = <T extends KubeObject>(resource: Resource<T>, options: Partial<InformerOptions<T>> = {}) =>
    new Informer<T>({ client, clock, log, metrics, resource, random, ...options });
  const owned = { namespace: tenantsNamespace, labelSelector: managedSelector };
  return {
    tenants: watch<TenantControlPlane>(tenantControlPlanes),
    classes: watch<ControlPlaneClass>(controlPlaneClasses),
    quotas: watch<ControlPlaneQuota>(controlPlaneQuotas),
    dataStores: watch<DataStore>(dataStores),
    restores: watch<TenantRestore>(tenantRestores),
    backups: watch<TenantBackup>(tenantBackups),
    storeSecrets: watch(secrets, { namespace, fieldSelector: 'type=kubernetes.io/tls' }),
    storages: watch<BackupStorage>(backupStorages),
    kubeconfigs: watch<TenantKubeconfig>(tenantKubeconfigs, {
      indexes: { [kubeconfigsByTenant]: tenantOfKubeconfig },
    }),
    templates: watch<KubeconfigTemplate>(kubeconfigTemplates),
    storageSecrets: watch(secrets, { namespace, fieldSelector: 'type=Opaque' }),
    resourceQuotas: watch(resourceQuotas, { labelSelector: managedSelector }),
    nodes: watch(nodes, { transform: keepCapacity }),
    services: watch(services, owned),
    secrets: watch(secrets, owned),
    configMaps: watch(configMaps, owned),
    deployments: watch(deployments, owned),
    disruptionBudgets: watch(podDisruptionBudgets, owned),
    pods: watch(pods, { ...owned, transform: keepStatus, indexes: { [podsByRuntimeId]: runtimeIdsOfPod } }),
  };
}

/** Index of the cache of TenantKubeconfigs: by the key of their TenantControlPlane. */
export const kubeconfigsByTenant = 'tenant';

function tenantOfKubeconfig({ metadata, spec }: TenantKubeconfig): readonly string[] {
  return [keyOf({ namespace: metadata?.namespace, name: spec.controlPlaneName })];
}

/** Those of what control planes are made of. */
export function ownedCaches(caches: ControlPlaneCaches): readonly Informer<KubeObject>[] {
  const { services, secrets, configMaps, deployments, disruptionBudgets, pods } = caches;
  return [
    services,
    secrets,
    configMaps,
    deployments,
    disruptionBudgets,
    pods,
  ] as readonly Informer<KubeObject>[];
}

/** Of a pod only who it is and how it is doing: its spec is the Deployment's. */
function keepStatus(pod: Pod): Pod {
  const { name, namespace, uid, resourceVersion, labels, deletionTimestamp, creationTimestamp } =
    pod.metadata ?? {};
  const { podIP, conditions, containerStatuses, phase } = pod.status ?? {};
  return {
    metadata: { name, namespace, uid, resourceVersion, labels, deletionTimestamp, creationTimestamp },
    status: { podIP, conditions, containerStatuses, phase },
  };
}

/** Of a node what the start gate asks: its cores, and whether pods may start on it. */
function keepCapacity({ metadata, spec, status }: Node): Node {
  const { name, uid, resourceVersion } = metadata ?? {};
  return {
    metadata: { name, uid, resourceVersion },
    spec: { unschedulable: spec?.unschedulable },
    status: {
      allocatable: { cpu: status?.allocatable?.['cpu'] ?? '0' },
      conditions: status?.conditions?.filter(({ type }) => type === 'Ready'),
    },
  };
}
