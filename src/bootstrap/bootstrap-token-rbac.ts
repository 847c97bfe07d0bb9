import type { RbacV1Subject } from '@kubernetes/client-node';

import { clusterRoleBindings, clusterRoles } from '../kube/resources.ts';
import type { BootstrapObject } from './component.ts';
import { BOOTSTRAP_TOKEN_GROUP, NODES_GROUP } from './groups.ts';
import { bootstrapObject, group, roleRef, user } from './objects.ts';

const PHASE = 'bootstrap-token-rbac';
const GET_NODES = 'kubeadm:get-nodes';

/** What a joining node, a joined one and the API server towards them may do (kubeadm: phases/bootstraptoken/node). */
export function bootstrapTokenRbac(): readonly BootstrapObject[] {
  return [
    bootstrapObject(PHASE, clusterRoles, {
      metadata: { name: GET_NODES },
      rules: [{ apiGroups: [''], resources: ['nodes'], verbs: ['get'] }],
    }),
    // kubeadm join looks whether a node of its name is there already.
    binding(GET_NODES, GET_NODES, group(BOOTSTRAP_TOKEN_GROUP)),
    binding('kubeadm:kubelet-bootstrap', 'system:node-bootstrapper', group(BOOTSTRAP_TOKEN_GROUP)),
    binding(
      'kubeadm:node-autoapprove-bootstrap',
      'system:certificates.k8s.io:certificatesigningrequests:nodeclient',
      group(BOOTSTRAP_TOKEN_GROUP),
    ),
    binding(
      'kubeadm:node-autoapprove-certificate-rotation',
      'system:certificates.k8s.io:certificatesigningrequests:selfnodeclient',
      group(NODES_GROUP),
    ),
    // Since kubeadm 1.36 the client certificate carries no group of admins; Marina's never does.
    binding(
      'kubeadm:apiserver-kubelet-client',
      'system:kubelet-api-admin',
      user('kube-apiserver-kubelet-client'),
    ),
  ];
}

function binding(name: string, clusterRole: string, subject: RbacV1Subject): BootstrapObject {
  return bootstrapObject(PHASE, clusterRoleBindings, {
    metadata: { name },
    roleRef: roleRef('ClusterRole', clusterRole),
    subjects: [subject],
  });
}
