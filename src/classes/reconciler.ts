import type { ConditionType } from '../api/v1alpha1/condition-types.ts';
import { type ControlPlaneClass, controlPlaneClasses } from '../api/v1alpha1/control-plane-class.ts';
import { statusFieldManager } from '../api/v1alpha1/field-managers.ts';
import type { LastingReason } from '../api/v1alpha1/reasons.ts';
import type { TenantBackup } from '../api/v1alpha1/tenant-backup.ts';
import { type TenantControlPlane, tenantControlPlanes } from '../api/v1alpha1/tenant-control-plane.ts';
import {
  admittedBefore,
  isNewest,
  problemsIn,
  settingsOf,
  takeClass,
} from '../controlplane/class/in-force.ts';
import type { Clock } from '../engine/clock.ts';
import { findCondition, isTrue } from '../engine/conditions.ts';
import type { ReconcileContext } from '../engine/controller.ts';
import { done, requeueAfter, type Result } from '../engine/result.ts';
import { applyStatus } from '../kube/apply-status.ts';
import type { KubeClient } from '../kube/client.ts';
import type { EventRecorder } from '../kube/events.ts';
import type { Informer } from '../kube/informer.ts';
import { keyOf, refOf, refOfKey } from '../kube/resource.ts';
import { ClassBackups } from './class-backups.ts';
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

/** Milliseconds until what was refused is tried again: what refused it need not be seen. */
const refusedRetryMs = 60_000;

const warnings: ReadonlySet<string> = new Set<LastingReason>(['RolloutFailed', 'BackupRefused']);

/** Brings changes of classes to their control planes under each class’s rollout policy, and keeps the backups that classes ask for. */
export class ClassReconciler {
  private readonly dependencies: ClassDependencies;
  private readonly backups: ClassBackups;

  constructor(dependencies: ClassDependencies) {
    this.dependencies = dependencies;
    this.backups = new ClassBackups(dependencies);
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
    const backups = await this.backups.keep(staying);
    const facts = { users: users.map(nameOf), backups, now: clock.now() };
    await this.writeStatus(found, buildClassStatus(found, plan, facts));
    if (given.includes(false)) return requeueAfter(conflictRetryMs, 'CacheBehind');
    const { lookMs = Infinity } = plan;
    if (backups.problems.size > 0 && lookMs > refusedRetryMs) return requeueAfter(refusedRetryMs, 'Refused');
    return Number.isFinite(lookMs) ? requeueAfter(lookMs, 'RollingOut') : done;
  }

  /** False when the control plane was changed meanwhile. */
  private async give(found: ControlPlaneClass, key: string): Promise<boolean> {
    const { client, tenants: cache, clock } = this.dependencies;
    const tenant = cache.get(key);
    if (!tenant) return false;
    const target = { client, resource: tenantControlPlanes, cache, fieldManager: statusFieldManager };
    const taken = { ...takeClass(found, clock.now()), wasReady: isWell(tenant) };
    return await applyStatus(target, tenant, { ...tenant.status, class: taken });
  }

  private async writeStatus(
    found: ControlPlaneClass,
    status: NonNullable<ControlPlaneClass['status']>,
  ): Promise<void> {
    const { client, classes: cache, events } = this.dependencies;
    const target = { client, resource: controlPlaneClasses, cache, fieldManager: statusFieldManager };
    const isWritten = await applyStatus(target, found, status);
    if (!isWritten) return;
    const { apiVersion, kind } = controlPlaneClasses;
    for (const { type, reason, message } of status.conditions ?? []) {
      const isNews = findCondition(found.status?.conditions, type)?.reason !== reason;
      if (isNews && warnings.has(reason))
        events.record({ ...found, apiVersion, kind }, 'Warning', reason, message);
    }
  }
}

const policyTypes = ['ClassApplied', 'WithinQuota'] as const;

function toMember(tenant: TenantControlPlane, found: ControlPlaneClass): Member {
  const { metadata, status } = tenant;
  const inForce = status?.class;
  return {
    key: nameOf(tenant),
    created: metadata?.creationTimestamp ?? '',
    inForce: inForce && {
      isNewest: isNewest(found, inForce),
      takenAtMs: Math.max(Date.parse(inForce.takenAt), ...letInAtMs(tenant)),
      isSettled: inForce.readyAt !== undefined,
      wasWell: inForce.wasReady,
    },
    isWell: isWell(tenant),
    isLetIn: !policyTypes.some((type) => isFalse(tenant, type)),
    fits: problemsIn(tenant, settingsOf(found), admittedBefore(tenant)).length === 0,
  };
}

/** Ready alone is not enough: the pods of before may serve while those that are wanted cannot start. */
function isWell({ status }: TenantControlPlane): boolean {
  if (status?.phase === 'Stopped') return true;
  const types = ['Ready', 'WorkloadReady', 'AddonsReady'] as const;
  return types.every((type) => isTrue(status?.conditions, type));
}

/** When class and quota last came to let it be what it asks for: it could not be Ready with its generation before. */
function letInAtMs({ status }: TenantControlPlane): readonly number[] {
  return policyTypes.flatMap((type) => {
    const condition = findCondition(status?.conditions, type);
    return condition?.status === 'True' ? [Date.parse(condition.lastTransitionTime)] : [];
  });
}

function isFalse({ status }: TenantControlPlane, type: ConditionType): boolean {
  return findCondition(status?.conditions, type)?.status === 'False';
}

function nameOf(object: TenantControlPlane): string {
  return keyOf(refOf(object));
}
