import type { TenantControlPlane } from '../api/v1alpha1/tenant-control-plane.ts';
import { findCondition } from '../engine/conditions.ts';
import { Controller } from '../engine/controller.ts';
import type { KubeObject } from '../kube/resource.ts';
import { type QuotaDependencies, QuotaReconciler } from '../quota/reconciler.ts';
import type { Caches } from './caches.ts';
import { type Engine, wishChanged } from './controllers.ts';

/** Reconciles the quotas of each namespace: when one changes, when a control plane is given something or waits for it, when the count is tampered with. */
export function createQuotaController(
  dependencies: Pick<QuotaDependencies, 'client'>,
  caches: Caches,
  engine: Engine,
): Controller {
  const { quotas, tenants, resourceQuotas } = caches;
  const reconciler = new QuotaReconciler({ ...dependencies, quotas, tenants, resourceQuotas });
  return new Controller({
    ...engine,
    workers: 1,
    name: 'controlplanequota',
    reconcile: (namespace) => reconciler.reconcile(namespace),
  })
    .watches(quotas, namespaceOf, { when: wishChanged })
    .watches(resourceQuotas, namespaceOf, {
      when: (previous, current) => specOf(previous) !== specOf(current),
    })
    .watches(
      tenants,
      (tenant) => namespaceOf(tenant).filter((namespace) => quotas.list({ namespace }).length > 0),
      { when: (previous, current) => shareOf(previous) !== shareOf(current) },
    );
}

function namespaceOf({ metadata }: KubeObject): readonly string[] {
  return metadata?.namespace === undefined ? [] : [metadata.namespace];
}

function specOf(object: { readonly spec?: unknown } | undefined): string | undefined {
  return JSON.stringify(object?.spec);
}

function shareOf(tenant: TenantControlPlane | undefined): string {
  const { admitted, conditions } = tenant?.status ?? {};
  return JSON.stringify([
    tenant?.metadata?.deletionTimestamp,
    admitted,
    findCondition(conditions, 'WithinQuota')?.status,
  ]);
}
