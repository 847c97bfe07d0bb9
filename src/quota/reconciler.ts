import { type ControlPlaneQuota, controlPlaneQuotas } from '../api/v1alpha1/control-plane-quota.ts';
import { statusFieldManager } from '../api/v1alpha1/field-managers.ts';
import type { TenantControlPlane } from '../api/v1alpha1/tenant-control-plane.ts';
import { strictest } from '../controlplane/admission/amounts.ts';
import { applyOwned, deleteOwned } from '../controlplane/apply-owned.ts';
import { done, requeueAfter, type Result } from '../engine/result.ts';
import { applyStatus } from '../kube/apply-status.ts';
import type { KubeClient } from '../kube/client.ts';
import { isKubeError } from '../kube/errors.ts';
import type { Informer } from '../kube/informer.ts';
import { type ResourceQuota, resourceQuotas } from '../kube/resources.ts';
import { buildResourceQuota, resourceQuotaName } from './resource-quota.builder.ts';
import { buildQuotaStatus } from './status.ts';

export interface QuotaDependencies {
  /** Every write passes the leader’s fence. */
  readonly client: KubeClient;
  readonly quotas: Informer<ControlPlaneQuota>;
  readonly tenants: Informer<TenantControlPlane>;
  /** Those that Marina made. */
  readonly resourceQuotas: Informer<ResourceQuota>;
}

/** Milliseconds until the cache will have seen what somebody else wrote. */
const conflictRetryMs = 200;

/** Tells of the quotas of a namespace what is used, and has the API server count along. Who gets what is decided where control planes are let in. */
export class QuotaReconciler {
  private readonly dependencies: QuotaDependencies;

  constructor(dependencies: QuotaDependencies) {
    this.dependencies = dependencies;
  }

  /** `namespace`: the key, since all quotas of a namespace count together. */
  async reconcile(namespace: string): Promise<Result> {
    const { client, quotas, tenants } = this.dependencies;
    const found = quotas.list({ namespace }).filter(({ metadata }) => !metadata?.deletionTimestamp);
    const hard = strictest(found.map(({ spec }) => spec));
    try {
      await this.count(namespace, hard.controlPlanes);
    } catch (error: unknown) {
      // The namespace goes.
      if (isKubeError(error, 'NotFound', 'Forbidden')) return done;
      if (isKubeError(error, 'Conflict')) return requeueAfter(conflictRetryMs, 'CacheBehind');
      throw error;
    }
    const target = { client, resource: controlPlaneQuotas, cache: quotas, fieldManager: statusFieldManager };
    const inNamespace = tenants.list({ namespace });
    for (const quota of found) await applyStatus(target, quota, buildQuotaStatus(quota, hard, inNamespace));
    return done;
  }

  private async count(namespace: string, controlPlanes: number | undefined): Promise<void> {
    const { client, resourceQuotas: cache } = this.dependencies;
    if (controlPlanes === undefined) {
      await deleteOwned(client, resourceQuotas, cache, { namespace, name: resourceQuotaName });
      return;
    }
    await applyOwned(client, resourceQuotas, cache, buildResourceQuota(namespace, controlPlanes));
  }
}
