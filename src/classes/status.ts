import type { ControlPlaneClass, ControlPlaneClassStatus } from '../api/v1alpha1/control-plane-class.ts';
import type { Reason } from '../api/v1alpha1/reasons.ts';
import { type ConditionUpdate, setConditions } from '../engine/conditions.ts';
import type { RolloutPlan } from './rollout.ts';

/** Names that a list of a status has at most. */
const most = 10;

/** `users`: keys of all control planes of the class, those that are being deleted too. */
export function buildClassStatus(
  { metadata, status }: ControlPlaneClass,
  plan: RolloutPlan,
  facts: { readonly users: readonly string[]; readonly now: Date },
): ControlPlaneClassStatus {
  const { users, now } = facts;
  const generation = metadata?.generation;
  const rolledOut = { ...conditionOf(plan, generation), observedGeneration: generation };
  return {
    observedGeneration: generation,
    conditions: [...setConditions(status?.conditions, [rolledOut], now)],
    controlPlanes: users.length,
    updated: plan.updated,
    usedBy: users.toSorted().slice(0, most),
    underWay: plan.underWay.slice(0, most),
    failed: plan.failed.slice(0, most),
    unfit: plan.unfit.slice(0, most),
  };
}

function conditionOf(plan: RolloutPlan, generation: number | undefined): ConditionUpdate {
  const is = (status: 'True' | 'False', reason: Reason, message: string) =>
    ({ type: 'RolledOut', status, reason, message }) as const;
  switch (plan.state) {
    case 'Complete':
      return is('True', 'AsExpected', 'Every control plane of the class is what it says.');
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
        `Ask for what generation ${generation} does not offer: ${listed(plan.unfit)}.`,
      );
  }
}

function listed(keys: readonly string[]): string {
  return keys.slice(0, most).join(', ') + (keys.length > most ? ', ...' : '');
}
