import type { TenantControlPlane } from '../api/v1alpha1/tenant-control-plane.ts';
import { Controller } from '../engine/controller.ts';
import { planMigration } from '../migration/plan.ts';
import { type MigrationDependencies, MigrationReconciler } from '../migration/reconciler.ts';
import type { Caches } from './caches.ts';
import { type Engine, keysOf, readyOf, selfKey } from './controllers.ts';

/** Tenants that move at once: each is read and written whole. */
const workers = 2;
/** Milliseconds for one copy, of the largest tenants through the slowest of stores. */
const timeoutMs = 2 * 60 * 60_000;

/** Moves control planes between DataStores: when `spec.dataStore` changes, when the pods on the new one serve, when a store comes back. */
export function createMigrationController(
  dependencies: Omit<MigrationDependencies, 'tenants' | 'restores' | 'dataStores'>,
  { tenants, restores, dataStores }: Caches,
  engine: Engine,
): Controller {
  const reconciler = new MigrationReconciler({ ...dependencies, tenants, restores, dataStores });
  const moving = () => tenants.list().filter((tenant) => planned(tenant) !== '');
  return new Controller({
    ...engine,
    workers,
    timeoutMs,
    name: 'migration',
    reconcile: (key, context) => reconciler.reconcile(key, context),
  })
    .watches(tenants, selfKey, { when: (previous, current) => planned(previous) !== planned(current) })
    .watches(dataStores, () => keysOf(moving()), {
      when: (previous, current) => readyOf(previous) !== readyOf(current),
    });
}

/** Differs whenever there is something else to do. */
function planned(tenant: TenantControlPlane | undefined): string {
  const step = tenant ? planMigration(tenant) : undefined;
  if (!step || step.do === 'nothing') return '';
  return step.do === 'begin' ? `begin ${step.to}` : `${step.do} ${step.migration.phase}`;
}
