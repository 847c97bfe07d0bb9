import type { TenantBackup } from '../api/v1alpha1/tenant-backup.ts';
import type { TenantControlPlane } from '../api/v1alpha1/tenant-control-plane.ts';
import { type ClassDependencies, ClassReconciler } from '../classes/reconciler.ts';
import { findCondition } from '../engine/conditions.ts';
import { Controller } from '../engine/controller.ts';
import type { Caches } from './caches.ts';
import { type Engine, selfKey, wishChanged } from './controllers.ts';

/** Reconciles ControlPlaneClasses: on their own changes, and when a control plane of theirs comes, goes, or gets on with a rollout. */
export function createClassController(
  dependencies: Omit<ClassDependencies, 'classes' | 'tenants' | 'backups'>,
  caches: Caches,
  engine: Engine,
): Controller {
  const { classes, tenants, backups } = caches;
  const reconciler = new ClassReconciler({ ...dependencies, classes, tenants, backups });
  return new Controller({
    ...engine,
    workers: 2,
    name: 'controlplaneclass',
    reconcile: (key, context) => reconciler.reconcile(key, context),
  })
    .watches(classes, selfKey, { when: wishChanged })
    .watches(tenants, ({ spec }) => (spec.className === undefined ? [] : [spec.className]), {
      when: (previous, current) => progressOf(previous) !== progressOf(current),
    })
    .watches(
      backups,
      ({ metadata, spec }) => {
        const owner = { namespace: metadata?.namespace, name: spec.tenantControlPlane };
        const className = tenants.get(owner)?.spec.className;
        return className === undefined ? [] : [className];
      },
      { when: backupChanged },
    );
}

/** Also its label and its owner: Marina puts them back. */
function backupChanged(previous: TenantBackup | undefined, current: TenantBackup | undefined): boolean {
  const [before, after] = [previous, current].map((backup) =>
    JSON.stringify([backup?.metadata?.labels, backup?.metadata?.ownerReferences]),
  );
  return wishChanged(previous, current) || before !== after;
}

const types = ['Ready', 'WorkloadReady', 'AddonsReady', 'ClassApplied', 'WithinQuota'] as const;

/** What a rollout goes by. */
function progressOf(tenant: TenantControlPlane | undefined): string {
  const { uid, generation, deletionTimestamp } = tenant?.metadata ?? {};
  const { class: inForce } = tenant?.status ?? {};
  return JSON.stringify([
    uid,
    generation,
    deletionTimestamp,
    inForce?.uid,
    inForce?.generation,
    inForce?.readyAt,
    tenant?.status?.phase === 'Stopped',
    types.map((type) => findCondition(tenant?.status?.conditions, type)?.status),
  ]);
}
