import { clusterRoleBindings } from '../kube/resources.ts';
import type { BootstrapObject } from './component.ts';
import { bootstrapObject, group, roleRef } from './objects.ts';

const PHASE = 'cluster-admins';

/** The group in the tenant's admin certificate; unlike system:masters it can be taken away (kubeadm: phases/kubeconfig). */
export const CLUSTER_ADMINS_GROUP = 'kubeadm:cluster-admins';

export function clusterAdmins(): readonly BootstrapObject[] {
  return [
    bootstrapObject(PHASE, clusterRoleBindings, {
      metadata: { name: CLUSTER_ADMINS_GROUP },
      roleRef: roleRef('ClusterRole', 'cluster-admin'),
      subjects: [group(CLUSTER_ADMINS_GROUP)],
    }),
  ];
}
