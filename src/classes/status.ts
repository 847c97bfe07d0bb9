import type { ControlPlaneClass, ControlPlaneClassStatus } from '../api/v1alpha1/control-plane-class.ts';
import type { Reason } from '../api/v1alpha1/reasons.ts';
import { type ConditionUpdate, removeCondition, setConditions } from '../engine/conditions.ts';
import type { KeptBackups } from './class-backups.ts';
import type { RolloutPlan } from './rollout.ts';

/** Names that a list of a status has at most. */
const most = 10;

/** `users`: keys of all control planes of the class, those that are being deleted too. */
export function buildClassStatus(
  { metadata, status }: ControlPlaneClass,
  plan: RolloutPlan,
  facts: { readonly users: readonly string[]; readonly backups: KeptBackups; readonly now: Date },
): ControlPlaneClassStatus {
  const { users, backups, now } = facts;
  const generation = metadata?.generation;
  const updates = [conditionOf(plan, generation), ...backupsCondition(backups)].map((update) => ({
    ...update,
    observedGeneration: generation,
  }));
  const before =
    backups.wanted === 0 ? removeCondition(status?.conditions, 'BackupsInPlace') : status?.conditions;
  return {
    observedGeneration: generation,
    conditions: [...setConditions(before, updates, now)],
    controlPlanes: users.length,
    updated: plan.updated,
    usedBy: users.toSorted().slice(0, most),
    underWay: plan.underWay.slice(0, most),
    failed: plan.failed.slice(0, most),
    unfit: plan.unfit.slice(0, most),
  };
}

/** None where the class asks for no backups. */
function backupsCondition({ wanted, problems }: KeptBackups): readonly ConditionUpdate[] {
  if (wanted === 0) return [];
  const type = 'BackupsInPlace';
  if (problems.size === 0) {
    const message = 'Every control plane has the TenantBackup that the class asks for.';
    return [{ type, status: 'True', reason: 'AsExpected' satisfies Reason, message }];
  }
  const all = [...problems].map(([key, why]) => `${key}: ${why}`);
  const message = `${problems.size} of ${wanted} TenantBackups are not as they should be: ${listed(all)}`;
  const reason = 'BackupRefused' satisfies Reason;
  return [{ type, status: 'False', reason, message }];
}

function conditionOf(plan: RolloutPlan, generation: number | undefined): ConditionUpdate {
  const is = (status: 'True' | 'False', reason: Reason, message: string) =>
    ({ type: 'RolledOut', status, reason, message }) as const;
  switch (plan.state) {
    case 'Complete':
      return is('True', 'AsExpected', 'Every control plane that there was is what the class says.');
    case 'RollingOut':
      return is('False', 'RollingOut', `Generation ${generation} is on its way.`);
    case 'Paused':
      return is(
        'False',
        'Paused',
        'spec.rollout.paused keeps control planes at the generation that they have.',
      );
    case 'Failed':
      return is(
        'False',
        'RolloutFailed',
        `Not Ready with generation ${generation} in time: ${listed(plan.failed)}. With pauseOnFailure nobody follows until they are.`,
      );
    case 'Unfit':
      return is(
        'False',
        'OutsideClass',
        `Not what generation ${generation} says, as they ask for what it does not offer or their quota has no room: ${listed(plan.unfit)}.`,
      );
  }
}

function listed(keys: readonly string[]): string {
  return keys.slice(0, most).join(', ') + (keys.length > most ? ', ...' : '');
}
