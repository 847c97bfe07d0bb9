import { toTime } from '../kube/time.ts';

/** metav1.Condition (apimachinery pkg/apis/meta/v1/types.go). */
export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  /** CamelCase. */
  readonly reason: string;
  readonly message: string;
  /** RFC 3339, whole seconds: when `status` last changed. */
  readonly lastTransitionTime: string;
  /** The generation of the spec that this speaks of. */
  readonly observedGeneration?: number;
}

export type ConditionUpdate = Omit<Condition, 'lastTransitionTime'>;

/** The API's limit for a reason, and one for messages that keeps a status readable (the API's is 32,768). */
const MAX_REASON = 1_024;
const MAX_MESSAGE = 2_048;

/**
 * The conditions with one put in or replaced, the others and their order as they were. The time moves only when the
 * status does; when nothing changes at all the very same array comes back, so that callers can skip a write.
 */
export function setCondition(
  conditions: readonly Condition[] | undefined,
  update: ConditionUpdate,
  now: Date,
): readonly Condition[] {
  const before = conditions ?? [];
  const known = findCondition(before, update.type);
  const next: Condition = {
    type: update.type,
    status: update.status,
    reason: cut(update.reason, MAX_REASON),
    message: cut(update.message, MAX_MESSAGE),
    lastTransitionTime: known?.status === update.status ? known.lastTransitionTime : toTime(now),
    ...(update.observedGeneration !== undefined && { observedGeneration: update.observedGeneration }),
  };
  if (!known) return [...before, next];
  if (isSame(known, next)) return before;
  return before.map((condition) => (condition === known ? next : condition));
}

export function setConditions(
  conditions: readonly Condition[] | undefined,
  updates: readonly ConditionUpdate[],
  now: Date,
): readonly Condition[] {
  let next = conditions ?? [];
  for (const update of updates) next = setCondition(next, update, now);
  return next;
}

/** The same array when there is none of that type. */
export function removeCondition(
  conditions: readonly Condition[] | undefined,
  type: string,
): readonly Condition[] {
  const before = conditions ?? [];
  return findCondition(before, type) ? before.filter((condition) => condition.type !== type) : before;
}

export function findCondition(
  conditions: readonly Condition[] | undefined,
  type: string,
): Condition | undefined {
  return conditions?.find((condition) => condition.type === type);
}

/** With `generation`: true for that generation of the spec, not for an older one. */
export function isTrue(
  conditions: readonly Condition[] | undefined,
  type: string,
  generation?: number,
): boolean {
  const condition = findCondition(conditions, type);
  if (condition?.status !== 'True') return false;
  return generation === undefined || condition.observedGeneration === generation;
}

function isSame(a: Condition, b: Condition): boolean {
  return (
    a.status === b.status &&
    a.reason === b.reason &&
    a.message === b.message &&
    a.observedGeneration === b.observedGeneration
  );
}

function cut(text: string, length: number): string {
  if (text.length <= length) return text;
  // Never between the halves of a surrogate pair: the API server wants valid UTF-8.
  return `${text.slice(0, length - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}
