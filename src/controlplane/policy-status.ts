import type { ConditionType } from '../api/v1alpha1/condition-types.ts';
import type { TenantControlPlane, TenantControlPlaneStatus } from '../api/v1alpha1/tenant-control-plane.ts';
import { type Condition, type ConditionUpdate, removeCondition } from '../engine/conditions.ts';
import { toTime } from '../kube/time.ts';
import type { AdmissionOutcome } from './admission/decide.ts';
import type { StepResult } from './component.ts';
import type { ExpiryPlan } from './expiry/plan.ts';

/** What class, quota and lifetime have to say of a control plane. */
export interface Policies {
  readonly admission?: AdmissionOutcome;
  readonly expiry?: ExpiryPlan;
}

export type PolicyCondition = Extract<ConditionType, 'ClassApplied' | 'WithinQuota' | 'Expiring'>;

/** The conditions that there were, without those of what there is no more. */
export function stillMeant(
  { spec, status }: TenantControlPlane,
  { admission, expiry }: Policies,
): readonly Condition[] | undefined {
  const gone: readonly (readonly [ConditionType, boolean])[] = [
    ['WithinBudget', !spec.storageBudget],
    ['ClassApplied', !admission?.classApplied],
    ['WithinQuota', !admission?.withinQuota],
    ['Expiring', expiry?.state !== 'Warned' && expiry?.state !== 'Due'],
  ];
  let conditions: readonly Condition[] | undefined = status?.conditions;
  for (const [type, isGone] of gone) if (isGone) conditions = removeCondition(conditions, type);
  return conditions;
}

/** Each with what it says when it holds. */
export function policyParts(
  { status }: TenantControlPlane,
  { admission }: Policies,
): readonly { readonly type: PolicyCondition; readonly step: StepResult; readonly message: string }[] {
  const { classApplied, withinQuota } = admission ?? {};
  const { name, generation } = status?.class ?? {};
  const inForce = `Generation ${generation} of class ${name} is in force.`;
  return [
    ...(classApplied ? [{ type: 'ClassApplied', step: classApplied, message: inForce } as const] : []),
    ...(withinQuota
      ? [{ type: 'WithinQuota', step: withinQuota, message: 'Its namespace has room for it.' } as const]
      : []),
  ];
}

/** Unlike the others, good when it is not there. */
export function expiringCondition(
  { expiry }: Policies,
  observedGeneration: number | undefined,
): ConditionUpdate | undefined {
  if (expiry?.state !== 'Warned') return undefined;
  const when = toTime(new Date(expiry.expiresAtMs));
  const message = `Will be deleted at ${when}; a longer spec.expiresAfter prevents it, as far as the class allows.`;
  return { type: 'Expiring', status: 'True', reason: 'ExpiresSoon', message, observedGeneration };
}

/** The fields of the status that class and lifetime have; undefined takes one away. */
export function policyStatus(
  { status }: TenantControlPlane,
  { expiry }: Policies,
  { isSettled, now }: { readonly isSettled: boolean; readonly now: Date },
): TenantControlPlaneStatus {
  const inForce = status?.class;
  const isNews = isSettled && inForce?.readyAt === undefined;
  return {
    ...(inForce && { class: isNews ? { ...inForce, readyAt: toTime(now) } : inForce }),
    expiresAt: expiry && expiry.state !== 'Endless' ? toTime(new Date(expiry.expiresAtMs)) : undefined,
    expiryWarnedAt: expiry && 'warnedAtMs' in expiry ? toTime(new Date(expiry.warnedAtMs)) : undefined,
  };
}
