import type { ControlPlaneClassSpec } from '../api/v1alpha1/control-plane-class.ts';

/** A control plane of a class, as far as a change of the class concerns it. */
export interface Member {
  /** `namespace/name` */
  readonly key: string;
  /** RFC 3339: the oldest come first; then by key. */
  readonly created: string;
  /** Undefined for one that no generation of the class is in force for yet: it takes the newest by itself. */
  readonly inForce:
    { readonly isNewest: boolean; readonly takenAtMs: number; readonly isSettled: boolean } | undefined;
  readonly isReady: boolean;
  /** Whether the newest generation offers what it asks for. */
  readonly fits: boolean;
}

export interface RolloutPlan {
  /** Who takes the newest generation now, in this order. */
  readonly take: readonly string[];
  readonly updated: number;
  readonly underWay: readonly string[];
  readonly failed: readonly string[];
  readonly unfit: readonly string[];
  readonly state: 'Complete' | 'RollingOut' | 'Paused' | 'Failed' | 'Unfit';
  /** Milliseconds until one that is under way counts as failed; undefined while none is. */
  readonly lookMs?: number;
}

/**
 * Who takes the newest generation of a class: so many at once that no more than `maxConcurrent` have taken it and are not Ready yet; those that are Ready
 * first, of those the oldest. One that is not Ready in time has failed: it keeps its place no longer, and with `pauseOnFailure` nobody follows until it is
 * Ready, gone, or the class says something else.
 */
export function planRollout(
  policy: ControlPlaneClassSpec['rollout'],
  members: readonly Member[],
  nowMs: number,
): RolloutPlan {
  const deadlineMs = policy.deadlineMinutes * 60_000;
  const onTheirWay = members.flatMap(({ key, inForce }) =>
    inForce?.isNewest && !inForce.isSettled ? [{ key, leftMs: inForce.takenAtMs + deadlineMs - nowMs }] : [],
  );
  const underWay = onTheirWay.filter(({ leftMs }) => leftMs > 0);
  const failed = onTheirWay.filter(({ leftMs }) => leftMs <= 0);
  const behind = members.filter(({ inForce }) => inForce && !inForce.isNewest);
  const candidates = behind.filter(({ fits }) => fits).toSorted(byTurn);
  const isHalted = policy.paused || (policy.pauseOnFailure && failed.length > 0);
  const free = isHalted ? 0 : Math.max(0, policy.maxConcurrent - underWay.length);
  const unfit = behind.filter(({ fits }) => !fits);
  return {
    take: candidates.slice(0, free).map(({ key }) => key),
    updated: members.filter(({ inForce }) => inForce?.isNewest && inForce.isSettled).length,
    underWay: sortedKeys(underWay),
    failed: sortedKeys(failed),
    unfit: sortedKeys(unfit),
    state: stateOf({ isPaused: policy.paused, candidates, underWay, failed, unfit }),
    ...(underWay.length > 0 && { lookMs: Math.min(...underWay.map(({ leftMs }) => leftMs)) }),
  };
}

function stateOf(found: {
  readonly isPaused: boolean;
  readonly candidates: readonly unknown[];
  readonly underWay: readonly unknown[];
  readonly failed: readonly unknown[];
  readonly unfit: readonly unknown[];
}): RolloutPlan['state'] {
  if (found.failed.length > 0) return 'Failed';
  if (found.candidates.length > 0) return found.isPaused ? 'Paused' : 'RollingOut';
  if (found.underWay.length > 0) return 'RollingOut';
  return found.unfit.length > 0 ? 'Unfit' : 'Complete';
}

function byTurn(a: Member, b: Member): number {
  return (
    Number(b.isReady) - Number(a.isReady) || a.created.localeCompare(b.created) || a.key.localeCompare(b.key)
  );
}

function sortedKeys(members: readonly { readonly key: string }[]): readonly string[] {
  return members.map(({ key }) => key).toSorted();
}
