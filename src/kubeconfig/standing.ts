import type { TenantControlPlane } from '../api/v1alpha1/tenant-control-plane.ts';
import type { TenantKubeconfig } from '../api/v1alpha1/tenant-kubeconfig.ts';
import { runtimeId } from '../controlplane/runtime-id.ts';

/** How a TenantKubeconfig and the control plane of the name in its spec stand to each other. */
export type Standing =
  /** There is none yet. */
  | { readonly state: 'Awaited' }
  /** It was issued for one that is gone, even if there is another of its name. */
  | { readonly state: 'Outlived' }
  /** That one is being deleted. */
  | { readonly state: 'Going'; readonly tenant: TenantControlPlane }
  | { readonly state: 'There'; readonly tenant: TenantControlPlane };

export function standingOf({ status }: TenantKubeconfig, tenant: TenantControlPlane | undefined): Standing {
  const isIssued = status?.runtimeId !== undefined;
  if (!tenant) return { state: isIssued ? 'Outlived' : 'Awaited' };
  if (isIssued && status.runtimeId !== runtimeId(tenant.metadata?.uid ?? '')) return { state: 'Outlived' };
  return { state: tenant.metadata?.deletionTimestamp ? 'Going' : 'There', tenant };
}
