import type { TenantControlPlane } from '../api/v1alpha1/tenant-control-plane.ts';
import { type BudgetDependencies, BudgetReconciler, mayHaveBudget } from '../budget/reconciler.ts';
import { effectiveTenant } from '../controlplane/class/effective.ts';
import { hasReached } from '../controlplane/timeline.ts';
import { Controller } from '../engine/controller.ts';
import type { Caches } from './caches.ts';
import { type Engine, keysOf, readyOf, selfKey, wishChanged } from './controllers.ts';

/** Tenants that are measured at once. */
const workers = 2;

/** Holds control planes to their storage budgets: now and again, when a budget changes, when they are born, moved or restored, when a store comes back. */
export function createBudgetController(
  dependencies: Omit<BudgetDependencies, 'caches'>,
  caches: Caches,
  engine: Engine,
): Controller {
  const reconciler = new BudgetReconciler({ ...dependencies, caches });
  const budgeted = () => caches.tenants.list().filter((tenant) => effectiveTenant(tenant).spec.storageBudget);
  return new Controller({
    ...engine,
    workers,
    name: 'storagebudget',
    reconcile: (key, context) => reconciler.reconcile(key, context),
  })
    .watches(caches.tenants, (tenant) => (mayHaveBudget(tenant) ? selfKey(tenant) : []), {
      when: (previous, current) => wishChanged(previous, current) || stateOf(previous) !== stateOf(current),
    })
    .watches(caches.dataStores, () => keysOf(budgeted()), {
      when: (previous, current) => readyOf(previous) !== readyOf(current),
    });
}

/** Whether there is something to measure, somebody to ask, which contents they are, and what was let in of a budget. */
function stateOf(tenant: TenantControlPlane | undefined): string {
  const { migration, restoredBy, admitted, readyReplicas = 0 } = tenant?.status ?? {};
  const isBorn = tenant !== undefined && hasReached(tenant, 'PartitionReady');
  const budget = JSON.stringify(admitted?.storageBudget);
  return [isBorn, migration?.phase, restoredBy, budget, readyReplicas > 0].join();
}
