import type { TenantControlPlane } from '../api/v1alpha1/tenant-control-plane.ts';
import type { TenantKubeconfig } from '../api/v1alpha1/tenant-kubeconfig.ts';
import { gather } from '../controlplane/view.ts';
import type { ReconcileContext } from '../engine/controller.ts';
import { done, requeueAfter, type Result } from '../engine/result.ts';
import type { KubeObject } from '../kube/resource.ts';
import { refOf, refOfKey } from '../kube/resource.ts';
import { clusterRoleBindings, roleBindings } from '../kube/resources.ts';
import { accessSelector, groupPrefix, ownGroup } from './names.ts';
import { contentsOf, targetOf } from './source.ts';
import { standingOf } from './standing.ts';
import type { TenantAccessDependencies } from './tenant-access.ts';

/** Milliseconds until a tenant that does not serve is asked again, should no event have told of it. */
const patientMs = 60_000;
const timeoutMs = 10_000;

export interface StrayAccessDependencies extends TenantAccessDependencies {
  /** Those of one TenantControlPlane. */
  readonly kubeconfigsOf: (tenant: TenantControlPlane) => readonly TenantKubeconfig[];
}

/**
 * An archive brings back the bindings of kubeconfigs that were deleted since, and a clone those of another tenant’s. They are taken
 * away once for each restore: until then certificates that are still valid have the rights that were taken back.
 */
export class StrayAccess {
  private readonly dependencies: StrayAccessDependencies;
  /** By key: the contents that were searched. */
  private readonly searched = new Map<string, string>();

  constructor(dependencies: StrayAccessDependencies) {
    this.dependencies = dependencies;
  }

  /** `key` is that of a TenantControlPlane. */
  async reconcile(key: string, { signal }: ReconcileContext): Promise<Result> {
    const { caches, settings, tenantClients, kubeconfigsOf } = this.dependencies;
    const tenant = caches.tenants.get(refOfKey(key));
    if (!tenant || tenant.metadata?.deletionTimestamp || !mayHaveStrays(tenant)) {
      this.searched.delete(key);
      return done;
    }
    const contents = contentsOf(tenant);
    if (this.searched.get(key) === contents) return done;
    const target = targetOf(gather(tenant, caches, settings));
    if (target.state !== 'Done')
      return requeueAfter(
        target.state === 'Waiting' ? (target.requeueAfterMs ?? patientMs) : patientMs,
        target.reason,
      );

    const client = await tenantClients.client(target.value);
    const options = { signal, timeoutMs };
    // One that was issued for an earlier tenant of this name takes nothing back from this one.
    const known = kubeconfigsOf(tenant).filter((each) => standingOf(each, tenant).state === 'There');
    for (const resource of [clusterRoleBindings, roleBindings]) {
      const { items } = await client.list<KubeObject>(resource, {
        ...options,
        labelSelector: accessSelector,
      });
      for (const stray of straysIn(items, known)) {
        await client.delete(resource, refOf(stray), { ...options, uid: stray.metadata?.uid });
      }
    }
    this.searched.set(key, contents);
    return done;
  }
}

/** Whether what is inside the tenant came out of an archive. */
export function mayHaveStrays({ status }: TenantControlPlane): boolean {
  return status?.restoredBy !== undefined;
}

/** Bindings of kubeconfigs that are none of these. */
export function straysIn(
  bindings: readonly KubeObject[],
  kubeconfigs: readonly TenantKubeconfig[],
): readonly KubeObject[] {
  const known = new Set(kubeconfigs.map(ownGroup));
  return bindings.filter(
    ({ metadata: { name = '' } = {} }) => name.startsWith(groupPrefix) && !known.has(name),
  );
}
