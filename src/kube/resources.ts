import type {
  CoreV1Event,
  V1ClusterRole,
  V1ClusterRoleBinding,
  V1ConfigMap,
  V1CustomResourceDefinition,
  V1DaemonSet,
  V1Deployment,
  V1Endpoints,
  V1EndpointSlice,
  V1Lease,
  V1LeaseSpec,
  V1Namespace,
  V1Node,
  V1Pod,
  V1PodDisruptionBudget,
  V1ResourceQuota,
  V1Role,
  V1RoleBinding,
  V1Secret,
  V1Service,
  V1ServiceAccount,
  V1ValidatingAdmissionPolicy,
  V1ValidatingAdmissionPolicyBinding,
} from '@kubernetes/client-node';
import type { KubeObject, ObjectMeta, Resource } from './resource.ts';

/** A client-node model as plain JSON: same fields, metadata with strings for dates. */
export type Plain<T> = Omit<T, 'metadata'> & KubeObject & { metadata?: ObjectMeta };

/** The same with RFC 3339 strings for these dates. */
type WithTimes<T, K extends keyof T> = Omit<T, K> & { [key in K]?: string };

export type ClusterRole = Plain<V1ClusterRole>;
export type ClusterRoleBinding = Plain<V1ClusterRoleBinding>;
export type ConfigMap = Plain<V1ConfigMap>;
export type CustomResourceDefinition = Plain<V1CustomResourceDefinition>;
export type DaemonSet = Plain<V1DaemonSet>;
export type Deployment = Plain<V1Deployment>;
export type Endpoints = Plain<V1Endpoints>;
export type EndpointSlice = Plain<V1EndpointSlice>;
export type Event = WithTimes<Plain<CoreV1Event>, 'firstTimestamp' | 'lastTimestamp' | 'eventTime'>;
export type Lease = Omit<Plain<V1Lease>, 'spec'> & { spec?: LeaseSpec };
export type LeaseSpec = WithTimes<V1LeaseSpec, 'acquireTime' | 'renewTime'>;
export type Namespace = Plain<V1Namespace>;
export type Node = Plain<V1Node>;
export type Pod = Plain<V1Pod>;
export type PodDisruptionBudget = Plain<V1PodDisruptionBudget>;
export type ResourceQuota = Plain<V1ResourceQuota>;
export type Role = Plain<V1Role>;
export type RoleBinding = Plain<V1RoleBinding>;
export type Secret = Plain<V1Secret>;
export type Service = Plain<V1Service>;
export type ServiceAccount = Plain<V1ServiceAccount>;
export type ValidatingAdmissionPolicy = Plain<V1ValidatingAdmissionPolicy>;
export type ValidatingAdmissionPolicyBinding = Plain<V1ValidatingAdmissionPolicyBinding>;

export const clusterRoles: Resource<ClusterRole> = cluster(
  'rbac.authorization.k8s.io/v1',
  'ClusterRole',
  'clusterroles',
);
export const clusterRoleBindings: Resource<ClusterRoleBinding> = cluster(
  'rbac.authorization.k8s.io/v1',
  'ClusterRoleBinding',
  'clusterrolebindings',
);
export const configMaps: Resource<ConfigMap> = namespaced('v1', 'ConfigMap', 'configmaps');
export const customResourceDefinitions: Resource<CustomResourceDefinition> = cluster(
  'apiextensions.k8s.io/v1',
  'CustomResourceDefinition',
  'customresourcedefinitions',
);
export const daemonSets: Resource<DaemonSet> = namespaced('apps/v1', 'DaemonSet', 'daemonsets');
export const deployments: Resource<Deployment> = namespaced('apps/v1', 'Deployment', 'deployments');
export const endpoints: Resource<Endpoints> = namespaced('v1', 'Endpoints', 'endpoints');
export const endpointSlices: Resource<EndpointSlice> = namespaced(
  'discovery.k8s.io/v1',
  'EndpointSlice',
  'endpointslices',
);
export const events: Resource<Event> = namespaced('v1', 'Event', 'events');
export const leases: Resource<Lease> = namespaced('coordination.k8s.io/v1', 'Lease', 'leases');
export const namespaces: Resource<Namespace> = cluster('v1', 'Namespace', 'namespaces');
export const nodes: Resource<Node> = cluster('v1', 'Node', 'nodes');
export const pods: Resource<Pod> = namespaced('v1', 'Pod', 'pods');
export const podDisruptionBudgets: Resource<PodDisruptionBudget> = namespaced(
  'policy/v1',
  'PodDisruptionBudget',
  'poddisruptionbudgets',
);
export const resourceQuotas: Resource<ResourceQuota> = namespaced('v1', 'ResourceQuota', 'resourcequotas');
export const roles: Resource<Role> = namespaced('rbac.authorization.k8s.io/v1', 'Role', 'roles');
export const roleBindings: Resource<RoleBinding> = namespaced(
  'rbac.authorization.k8s.io/v1',
  'RoleBinding',
  'rolebindings',
);
export const secrets: Resource<Secret> = namespaced('v1', 'Secret', 'secrets');
export const services: Resource<Service> = namespaced('v1', 'Service', 'services');
export const serviceAccounts: Resource<ServiceAccount> = namespaced(
  'v1',
  'ServiceAccount',
  'serviceaccounts',
);
export const validatingAdmissionPolicies: Resource<ValidatingAdmissionPolicy> = cluster(
  'admissionregistration.k8s.io/v1',
  'ValidatingAdmissionPolicy',
  'validatingadmissionpolicies',
);
export const validatingAdmissionPolicyBindings: Resource<ValidatingAdmissionPolicyBinding> = cluster(
  'admissionregistration.k8s.io/v1',
  'ValidatingAdmissionPolicyBinding',
  'validatingadmissionpolicybindings',
);

function namespaced<T extends KubeObject>(apiVersion: string, kind: string, plural: string): Resource<T> {
  return { apiVersion, kind, plural, namespaced: true };
}

function cluster<T extends KubeObject>(apiVersion: string, kind: string, plural: string): Resource<T> {
  return { apiVersion, kind, plural, namespaced: false };
}
