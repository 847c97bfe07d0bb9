import { type ControlPlaneClass, controlPlaneClasses } from '../api/v1alpha1/control-plane-class.ts';
import { fieldManager, statusFieldManager } from '../api/v1alpha1/field-managers.ts';
import { type TenantBackup, tenantBackups } from '../api/v1alpha1/tenant-backup.ts';
import { type TenantControlPlane, tenantControlPlanes } from '../api/v1alpha1/tenant-control-plane.ts';
import { applyOwned } from '../controlplane/apply-owned.ts';
import { isNewest, problemsIn, settingsOf, takeClass } from '../controlplane/class/in-force.ts';
import { labels } from '../controlplane/names.ts';
import type { Clock } from '../engine/clock.ts';
import { findCondition, isTrue } from '../engine/conditions.ts';
import type { ReconcileContext } from '../engine/controller.ts';
import { done, requeueAfter, type Result } from '../engine/result.ts';
import { applyStatus } from '../kube/apply-status.ts';
import type { KubeClient } from '../kube/client.ts';
import { isKubeError } from '../kube/errors.ts';
import type { EventRecorder } from '../kube/events.ts';
import type { Informer } from '../kube/informer.ts';
import { keyOf, refOf, refOfKey } from '../kube/resource.ts';
import { buildClassBackup, classBackup } from './backups.builder.ts';
import { type Member, planRollout } from './rollout.ts';
import { buildClassStatus } from './status.ts';

export interface ClassDependencies {
  /** Every write passes the leader’s fence. */
  readonly client: KubeClient;
  readonly classes: Informer<ControlPlaneClass>;
  readonly tenants: Informer<TenantControlPlane>;
  readonly backups: Informer<TenantBackup>;
  readonly events: EventRecorder;
  readonly clock: Clock;
}

/** Milliseconds until the cache will have seen what somebody else wrote. */
const conflictRetryMs = 200;

/** Brings changes of classes to their control planes under each class’s rollout policy, and keeps the backups that classes ask for. */
export class ClassReconciler {
  private readonly dependencies: ClassDependencies;

  constructor(dependencies: ClassDependencies) {
    this.dependencies = dependencies;
  }

  async reconcile(key: string, { log }: ReconcileContext): Promise<Result> {
    const { classes, tenants, clock } = this.dependencies;
    const found = classes.get(refOfKey(key));
    if (!found) return done;
    const users = tenants.list().filter(({ spec }) => spec.className === key);
    const staying = users.filter(({ metadata }) => !metadata?.deletionTimestamp);
    const plan = planRollout(
      found.spec.rollout,
      staying.map((tenant) => toMember(tenant, found)),
      clock.now().getTime(),
    );
    const given = await Promise.all(plan.take.map((name) => this.give(found, name)));
    if (plan.take.length > 0)
      log.info({ take: plan.take }, 'gave control planes the newest generation of their class');
    await this.keepBackups(staying);
    await this.writeStatus(
      found,
      buildClassStatus(found, plan, { users: users.map(nameOf), now: clock.now() }),
    );
    if (given.includes(false)) return requeueAfter(conflictRetryMs, 'CacheBehind');
    return plan.lookMs === undefined ? done : requeueAfter(plan.lookMs, 'RollingOut');
  }

  /** False when the control plane was changed meanwhile. */
  private async give(found: ControlPlaneClass, key: string): Promise<boolean> {
    const { client, tenants: cache, clock } = this.dependencies;
    const tenant = cache.get(key);
    if (!tenant) return false;
    const target = { client, resource: tenantControlPlanes, cache, fieldManager: statusFieldManager };
    return await applyStatus(target, tenant, { ...tenant.status, class: takeClass(found, clock.now()) });
  }

  private async keepBackups(tenants: readonly TenantControlPlane[]): Promise<void> {
    const made = this.dependencies.backups.list({ labels: { [labels.component]: classBackup } });
    const wanted = new Set<string>();
    for (const tenant of tenants) {
      const backup = buildClassBackup(tenant);
      if (!backup) continue;
      wanted.add(nameOf(backup));
      await this.apply(backup);
    }
    const keys = new Set(tenants.map(nameOf));
    for (const backup of made) {
      const owner = keyOf({ namespace: backup.metadata?.namespace, name: backup.spec.tenantControlPlane });
      if (!keys.has(owner) || wanted.has(nameOf(backup)) || backup.spec.suspend) continue;
      // Its archives stay listed, and expire no more.
      await this.suspend(backup);
    }
  }

  private async apply(backup: TenantBackup): Promise<void> {
    const { client, backups } = this.dependencies;
    const live = backups.get(refOf(backup));
    // Somebody else’s of the same name.
    if (live && live.metadata?.labels?.[labels.component] !== classBackup) return;
    try {
      await applyOwned(client, tenantBackups, backups, backup);
    } catch (error: unknown) {
      // The namespace goes, or the cache is behind: an event follows.
      if (!isKubeError(error, 'Conflict', 'NotFound', 'Forbidden')) throw error;
    }
  }

  private async suspend(backup: TenantBackup): Promise<void> {
    const { client, backups } = this.dependencies;
    const patch = {
      type: 'merge',
      body: { metadata: { uid: backup.metadata?.uid }, spec: { suspend: true } },
    } as const;
    try {
      backups.remember(await client.patch(tenantBackups, refOf(backup), patch, { fieldManager }));
    } catch (error: unknown) {
      if (!isKubeError(error, 'Conflict', 'NotFound')) throw error;
    }
  }

  private async writeStatus(
    found: ControlPlaneClass,
    status: NonNullable<ControlPlaneClass['status']>,
  ): Promise<void> {
    const { client, classes: cache, events } = this.dependencies;
    const target = { client, resource: controlPlaneClasses, cache, fieldManager: statusFieldManager };
    const isWritten = await applyStatus(target, found, status);
    const before = findCondition(found.status?.conditions, 'RolledOut')?.reason;
    const after = findCondition(status.conditions, 'RolledOut');
    if (!isWritten || after?.reason !== 'RolloutFailed' || before === after.reason) return;
    const { apiVersion, kind } = controlPlaneClasses;
    events.record({ ...found, apiVersion, kind }, 'Warning', after.reason, after.message);
  }
}

function toMember(tenant: TenantControlPlane, found: ControlPlaneClass): Member {
  const { metadata, status } = tenant;
  const inForce = status?.class;
  return {
    key: nameOf(tenant),
    created: metadata?.creationTimestamp ?? '',
    inForce: inForce && {
      isNewest: isNewest(found, inForce),
      takenAtMs: Date.parse(inForce.takenAt),
      isSettled: inForce.readyAt !== undefined,
    },
    isReady: isTrue(status?.conditions, 'Ready'),
    fits: problemsIn(tenant, settingsOf(found)).length === 0,
  };
}

function nameOf(object: TenantControlPlane | TenantBackup): string {
  return keyOf(refOf(object));
}
