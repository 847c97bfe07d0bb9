import type { TenantControlPlane } from '../api/v1alpha1/tenant-control-plane.ts';
import type { Informer } from '../kube/informer.ts';
import { refOf } from '../kube/resource.ts';

/** What was being done for a control plane that has gone, or goes. */
export class TenantGone extends Error {
  override readonly name = 'TenantGone';
}

/**
 * A fence that also refuses when the control plane is gone or being deleted: its deletion begins when the cache knows, so that nothing is
 * written into a partition that is being removed.
 */
export function fenceOf(
  tenant: TenantControlPlane,
  tenants: Pick<Informer<TenantControlPlane>, 'get'>,
  fence: () => void,
): () => void {
  return () => {
    fence();
    const live = tenants.get(refOf(tenant));
    const isThere = live?.metadata?.uid === tenant.metadata?.uid && !live?.metadata?.deletionTimestamp;
    if (!isThere)
      throw new TenantGone(`TenantControlPlane ${tenant.metadata?.name} has been deleted meanwhile.`);
  };
}
