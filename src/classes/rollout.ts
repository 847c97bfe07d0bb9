import type { ControlPlaneClassSpec } from '../api/v1alpha1/control-plane-class.ts';

/** A control plane of a class, as far as a change of the class concerns it. */
export interface Member {
  /** `namespace/name` */
  readonly key: string;
  /** RFC 3339: the oldest come first; then by key. */
  readonly created: string;
  /** Undefined for one that no generation of the class is in force for yet: it takes the newest by itself. */
  readonly inForce:
    | {
        readonly isNewest: boolean;
        readonly takenAtMs: number;
        readonly isSettled: boolean;
        /** Whether it was well when a rollout gave it this generation; undefined of one that took it by itself, as at its birth. */
        readonly wasWell: boolean | undefined;
      }
    | undefined;
  /** Whether all of it is as its generation wants it. */
  readonly isWell: boolean;
  /** Whether class and quota let it be what it asks for with the generation that it has. */
  readonly isLetIn: boolean;
  /** Whether the newest generation offers what it asks for. */
  readonly fits: boolean;
}

export interface RolloutPlan {
  /** Who takes the newest generation now, in this order. */
  readonly take: readonly string[];
  readonly updated: number;
  readonly underWay: readonly string[];
  readonly failed: readonly string[];
  /** Who asks for what the newest generation does not offer, or has no room in its quota for it. */
  readonly unfit: readonly string[];
  readonly state: 'Complete' | 'RollingOut' | 'Paused' | 'Failed' | 'Unfit';
  /** Milliseconds until one that is under way no longer counts as such; undefined while none is. */
  readonly lookMs?: number;
}

/**
 * Who takes the newest generation of a class: so many at once that no more than `maxConcurrent` were given a generation, this one or the one before, and
 * are not Ready yet; those that are well first, of those the oldest. One that was well and is not Ready in time has failed: it keeps its place no longer,
 * and with `pauseOnFailure` nobody follows until it is Ready, gone, or the class says something else. A birth, and one that was not well before, say nothing
 * about the generation: what is wrong with them may be their own, and stops nobody else.
 */
export function planRollout(
  policy: ControlPlaneClassSpec['rollout'],
  members: readonly Member[],
  nowMs: number,
): RolloutPlan {
  const deadlineMs = policy.deadlineMinutes * 60_000;
  const onTheirWay = members.flatMap(({ key, inForce, isLetIn }) =>
    inForce && !inForce.isSettled && (isLetIn || !inForce.isNewest)
      ? [{ key, ...inForce, leftMs: inForce.takenAtMs + deadlineMs - nowMs }]
      : [],
  );
  const inTime = onTheirWay.filter(({ leftMs }) => leftMs > 0);
  const underWay = inTime.filter(({ isNewest }) => isNewest);
  const failed = onTheirWay.filter(({ isNewest, wasWell, leftMs }) => isNewest && wasWell && leftMs <= 0);
  const behind = members.filter(({ inForce }) => inForce && !inForce.isNewest);
  const candidates = behind.filter(({ fits }) => fits).toSorted(byTurn);
  const isHalted = policy.paused || (policy.pauseOnFailure && failed.length > 0);
  const takers = isHalted ? [] : takersOf(candidates, inTime, policy.maxConcurrent);
  const unfit = members.filter(
    ({ inForce, isLetIn, fits }) => inForce && (inForce.isNewest ? !inForce.isSettled && !isLetIn : !fits),
  );
  return {
    take: takers.map(({ key }) => key),
    updated: members.filter(({ inForce }) => inForce?.isNewest && inForce.isSettled).length,
    underWay: sortedKeys(underWay),
    failed: sortedKeys(failed),
    unfit: sortedKeys(unfit),
    state: stateOf({ isPaused: policy.paused, candidates, underWay, failed, unfit }),
    ...(inTime.length > 0 && { lookMs: Math.min(...inTime.map(({ leftMs }) => leftMs)) }),
  };
}

/** One that has not come to an end with the generation before takes the newest in the place that it has. */
function takersOf(
  candidates: readonly Member[],
  inTime: readonly { readonly key: string; readonly wasWell: boolean | undefined }[],
  maxConcurrent: number,
): readonly Member[] {
  const placed = new Set(inTime.flatMap(({ key, wasWell }) => (wasWell === undefined ? [] : [key])));
  const free = Math.max(0, maxConcurrent - placed.size);
  const [going, waiting] = [true, false].map((isPlaced) =>
    candidates.filter(({ key }) => placed.has(key) === isPlaced),
  );
  return [...(going ?? []), ...(waiting ?? []).slice(0, free)];
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
  const byHealth = Number(b.isWell) - Number(a.isWell);
  return byHealth || a.created.localeCompare(b.created) || a.key.localeCompare(b.key);
}

function sortedKeys(members: readonly { readonly key: string }[]): readonly string[] {
  return members.map(({ key }) => key).toSorted();
}
