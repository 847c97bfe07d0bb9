import type { RbacV1Subject, V1PolicyRule, V1RoleRef } from '@kubernetes/client-node';
import type { KubeObject, Resource } from '../kube/resource.ts';
import type { BootstrapObject, BootstrapPhase } from './component.ts';

/** Says which phase wrote an object; Marina finds its objects inside a tenant cluster by it. */
export const PHASE_LABEL = 'marina.dev/bootstrap-phase';

const RBAC_GROUP = 'rbac.authorization.k8s.io';

export function bootstrapObject<T extends KubeObject>(
  phase: BootstrapPhase,
  resource: Resource<T>,
  object: T,
): BootstrapObject<T> {
  const labels = { ...object.metadata?.labels, [PHASE_LABEL]: phase };
  return { phase, resource, object: { ...object, metadata: { ...object.metadata, labels } } };
}

// Lists of subjects and rules are compared whole, so they carry what the API server would fill in.

export function group(name: string): RbacV1Subject {
  return { kind: 'Group', apiGroup: RBAC_GROUP, name };
}

export function user(name: string): RbacV1Subject {
  return { kind: 'User', apiGroup: RBAC_GROUP, name };
}

export function serviceAccount(namespace: string, name: string): RbacV1Subject {
  return { kind: 'ServiceAccount', namespace, name };
}

export function roleRef(kind: 'Role' | 'ClusterRole', name: string): V1RoleRef {
  return { apiGroup: RBAC_GROUP, kind, name };
}

/** Reading one ConfigMap by name and nothing else. */
export function mayGetConfigMap(name: string): V1PolicyRule {
  return { apiGroups: [''], resources: ['configmaps'], resourceNames: [name], verbs: ['get'] };
}
