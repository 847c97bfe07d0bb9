import { type TenantKubeconfig, tenantKubeconfigs } from '../api/v1alpha1/tenant-kubeconfig.ts';
import type { Resource } from '../kube/resource.ts';
import {
  type ClusterRoleBinding,
  clusterRoleBindings,
  type RoleBinding,
  roleBindings,
  type Secret,
} from '../kube/resources.ts';
import { encodeData } from '../kube/secret-data.ts';
import { buildKubeconfig, type Subject } from '../pki/index.ts';
import { kubeconfigKey, kubeconfigLabels, ownGroup, secretNameOf } from './names.ts';

/** A client certificate and its key. PEM. */
export interface Credential {
  readonly certificate: string;
  readonly privateKey: string;
}

/** Where a tenant’s users connect, and what they trust there. */
export interface Cluster {
  /** e.g. `https://192.0.2.1:6443`. */
  readonly server: string;
  /** PEM. */
  readonly certificateAuthority: string;
}

export type Binding = ClusterRoleBinding | RoleBinding;

/** Who the bearer is inside the tenant. */
export function subjectOf(kubeconfig: TenantKubeconfig): Subject {
  const { user, groups } = kubeconfig.spec;
  return { commonName: user, organizations: [...groups, ownGroup(kubeconfig)] };
}

/** The file that the user is given. */
export function buildFile({ spec }: TenantKubeconfig, cluster: Cluster, credential: Credential): string {
  return buildKubeconfig({
    clusterName: spec.controlPlaneName,
    server: cluster.server,
    certificateAuthority: cluster.certificateAuthority,
    user: { name: spec.user, ...credential },
  });
}

/** The Secret beside the TenantKubeconfig. It goes with its owner also when nobody is there to take it away. */
export function buildSecret(kubeconfig: TenantKubeconfig, file: string): Secret {
  const { name = '', namespace, uid = '' } = kubeconfig.metadata ?? {};
  const { apiVersion, kind } = tenantKubeconfigs;
  return {
    metadata: {
      name: secretNameOf(kubeconfig),
      namespace,
      labels: kubeconfigLabels(kubeconfig),
      ownerReferences: [{ apiVersion, kind, name, uid, controller: true }],
    },
    type: 'Opaque',
    data: encodeData({ [kubeconfigKey]: file }),
  };
}

/** What is to be inside the tenant: to the kubeconfig’s own group, so that nobody else has it and it can be taken back. */
export function buildBindings(kubeconfig: TenantKubeconfig): readonly Binding[] {
  const { clusterRole, namespaces } = kubeconfig.spec;
  if (clusterRole === undefined) return [];
  const apiGroup = 'rbac.authorization.k8s.io';
  const name = ownGroup(kubeconfig);
  const binding = (namespace?: string): Binding => ({
    metadata: { name, ...(namespace !== undefined && { namespace }), labels: kubeconfigLabels(kubeconfig) },
    roleRef: { apiGroup, kind: 'ClusterRole', name: clusterRole },
    subjects: [{ apiGroup, kind: 'Group', name }],
  });
  return namespaces.length === 0 ? [binding()] : namespaces.map(binding);
}

export function resourceOf({ metadata }: Binding): Resource<Binding> {
  return metadata?.namespace === undefined ? clusterRoleBindings : roleBindings;
}
