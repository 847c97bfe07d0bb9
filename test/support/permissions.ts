import type { KubeClient } from '../../src/kube/client.ts';
import { clusterRoleBindings, clusterRoles, roleBindings } from '../../src/kube/resources.ts';

export interface Permitted {
  /** Of marina.dev, subresources after a slash. */
  readonly resources: readonly string[];
  /** Default: all. */
  readonly verbs?: readonly string[];
  /** Default: in the namespace of the ServiceAccount only. */
  readonly isEverywhere?: boolean;
}

/** Lets a ServiceAccount of the management cluster do so much. */
export async function permit(
  client: KubeClient,
  who: { readonly namespace: string; readonly name: string },
  { resources, verbs = ['*'], isEverywhere = false }: Permitted,
): Promise<void> {
  const role = `${who.namespace}-${who.name}`;
  await client.create(clusterRoles, {
    metadata: { name: role },
    rules: [{ apiGroups: ['marina.dev'], resources: [...resources], verbs: [...verbs] }],
  });
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role };
  const subjects = [{ kind: 'ServiceAccount', ...who }];
  if (isEverywhere) await client.create(clusterRoleBindings, { metadata: { name: role }, roleRef, subjects });
  else
    await client.create(roleBindings, {
      metadata: { namespace: who.namespace, name: role },
      roleRef,
      subjects,
    });
}
