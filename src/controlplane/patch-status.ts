import { fieldManager } from '../api/v1alpha1/field-managers.ts';
import { type TenantControlPlane, tenantControlPlanes } from '../api/v1alpha1/tenant-control-plane.ts';
import type { KubeClient } from '../kube/client.ts';
import { refOf } from '../kube/resource.ts';
import type { OwnedCache } from './apply-owned.ts';

/**
 * Writes a part of a status, and only on what was read: the rest is the control plane's own reconciler's. A merge patch leaves alone what it does not
 * name, and takes away what is null. Rejects with `Conflict` when the object changed since.
 */
export async function patchStatus(
  tenant: TenantControlPlane,
  status: object,
  { client, tenants }: { readonly client: KubeClient; readonly tenants: OwnedCache<TenantControlPlane> },
): Promise<TenantControlPlane> {
  const { uid, resourceVersion } = tenant.metadata ?? {};
  const patch = { type: 'merge', body: { metadata: { uid, resourceVersion }, status } } as const;
  const options = { fieldManager, subresource: 'status' } as const;
  const written = await client.patch(tenantControlPlanes, refOf(tenant), patch, options);
  tenants.remember(written);
  return written;
}
