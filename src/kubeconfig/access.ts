import { fieldManager } from '../api/v1alpha1/field-managers.ts';
import type { TenantKubeconfig } from '../api/v1alpha1/tenant-kubeconfig.ts';
import { done, failed, type StepResult } from '../controlplane/component.ts';
import type { CallOptions, KubeClient } from '../kube/client.ts';
import { differences } from '../kube/differences.ts';
import { isKubeError } from '../kube/errors.ts';
import { refOf } from '../kube/resource.ts';
import { clusterRoles } from '../kube/resources.ts';
import { type Binding, buildBindings, resourceOf } from './build.ts';

/** Binds the role inside the tenant, where it is not as it should be. Rejects with a `KubeError` of the tenant’s API server. */
export async function grantAccess(
  client: KubeClient,
  kubeconfig: TenantKubeconfig,
  options: CallOptions,
): Promise<StepResult> {
  const { clusterRole } = kubeconfig.spec;
  if (clusterRole === undefined) return done(undefined);
  if (!(await client.get(clusterRoles, { name: clusterRole }, options))) {
    return failed('ClusterRoleNotFound', `There is no ClusterRole ${clusterRole} inside the tenant cluster.`);
  }
  for (const binding of buildBindings(kubeconfig)) {
    try {
      await bind(client, binding, options);
    } catch (error: unknown) {
      const { namespace } = binding.metadata ?? {};
      if (namespace === undefined || !isKubeError(error, 'NotFound')) throw error;
      return failed('NamespaceNotFound', `There is no namespace ${namespace} inside the tenant cluster.`);
    }
  }
  return done(undefined);
}

async function bind(client: KubeClient, wanted: Binding, options: CallOptions): Promise<void> {
  const resource = resourceOf(wanted);
  const live = await client.get(resource, refOf(wanted), options);
  const differing = live ? differences(wanted, live) : ['metadata'];
  if (differing.length === 0) return;
  // The API server takes no other role for a binding that there is.
  if (live && differing.includes('roleRef')) {
    await client.delete(resource, refOf(live), { ...options, uid: live.metadata?.uid });
  }
  await client.apply(resource, wanted, { ...options, fieldManager });
}

/** Takes back what was bound: from the next request on the kubeconfig’s own group has nothing. Rejects with a `KubeError`. */
export async function revokeAccess(
  client: KubeClient,
  kubeconfig: TenantKubeconfig,
  options: CallOptions,
): Promise<void> {
  for (const binding of buildBindings(kubeconfig)) {
    await client.delete(resourceOf(binding), refOf(binding), options);
  }
}
