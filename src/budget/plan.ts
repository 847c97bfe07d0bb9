import type { BudgetEnforcement, StorageBudgetStatus } from '../api/v1alpha1/storage-budget.ts';
import { toTime } from '../kube/time.ts';

/** How much there is, or may be. */
export interface Amount {
  readonly bytes: number;
  readonly objects: number;
}

/** What is not limited is left out. */
export type Limit = Partial<Amount>;

/** How the admission policy was found inside the cluster; `Unknown` where nobody could look. */
export type PolicyState = 'InPlace' | 'Absent' | 'Changed' | 'Unknown';

export interface PolicyFacts {
  /** Of the one that is wanted now, which a new budget or a new Marina words differently. */
  readonly hash: string;
  readonly state: PolicyState;
}

export interface BudgetFacts {
  readonly budget: Limit;
  readonly usage: Amount;
  readonly told: StorageBudgetStatus | undefined;
  readonly policy: PolicyFacts;
  readonly now: Date;
}

/** Percent of a budget from which on people are warned, and the cluster is looked at more often. */
export const warningPercent = 80;
/** Percent that figures move by before they are told again. */
const toldStep = 5;
/** Share of the budget below which the limit is lifted: not to come and go with each object. */
const liftedBelow = 0.95;
/** What may be added under the admission policy, by nodes, leases and controllers that it lets through. */
const tolerance = { ofBudget: 1.2, ofUsage: 1.05 };
/** Milliseconds that the store refuses writes for, the first time and at most. */
const closure = { firstMs: 30_000, longestMs: 30 * 60_000 };
/** Percent of the budget from which on only a larger one opens the store again: each opening is a chance to add something. */
const hopelessPercent = 200;

/** What is to be said, and held to, from now on; the very object that was told when nothing is news. */
export function planBudget(facts: BudgetFacts): StorageBudgetStatus {
  const { told, budget, usage } = facts;
  const before = told?.enforcement ?? 'None';
  const isOver = exceeds(usage, budget);
  const isUnder = !exceeds(usage, times(budget, liftedBelow));
  switch (before) {
    case 'None':
      return isOver ? guarded(facts) : stays(facts);
    case 'AdmissionPolicy':
      if (isUnder) return open(facts);
      return breach(facts) ?? (isReworded(facts) ? guarded(facts) : stays(seen(facts)));
    case 'Store':
      if (isUnder) return open(facts);
      return isDue(facts) ? guarded(facts) : stays(facts);
  }
}

/** Of one that is held to no budget, for now or any more. */
export function lifted(told: StorageBudgetStatus, now: Date): StorageBudgetStatus {
  if (told.enforcement === 'None') return told;
  const { bytes, objects, percent } = told;
  return { bytes, objects, percent, enforcement: 'None', since: toTime(now) };
}

/** The larger of the shares of a budget that is spent, in whole percent. */
export function percentOf(usage: Amount, { bytes, objects }: Limit): number {
  const shares = [bytes && usage.bytes / bytes, objects && usage.objects / objects];
  return Math.floor(Math.max(...shares.map((share) => share ?? 0)) * 100);
}

/** Under the admission policy: from the budget's end, or from what there is where that is more. */
function guarded(facts: BudgetFacts): StorageBudgetStatus {
  const { told, budget, usage } = facts;
  return {
    ...figures(facts),
    ...since(facts, 'AdmissionPolicy'),
    ...(told?.closures !== undefined && { closures: told.closures }),
    ceiling: ceilingOf(budget, usage),
  };
}

function closed(facts: BudgetFacts, message: string): StorageBudgetStatus {
  const { told, now } = facts;
  const closures = (told?.closures ?? 0) + 1;
  const ms = Math.min(closure.firstMs * 2 ** (closures - 1), closure.longestMs);
  const shut = { ...figures(facts), ...since(facts, 'Store'), closures };
  if (shut.percent >= hopelessPercent)
    return {
      ...shut,
      message: `${message} It takes more than twice its budget: only a larger one opens it.`,
    };
  return { ...shut, reopensAt: toTime(new Date(now.getTime() + ms)), message };
}

function open(facts: BudgetFacts): StorageBudgetStatus {
  return { ...figures(facts), ...since(facts, 'None') };
}

/** Why the admission policy is not enough, if it is not. */
function breach(facts: BudgetFacts): StorageBudgetStatus | undefined {
  const { told, usage, policy } = facts;
  const wasInPlace = told?.policyHash === policy.hash;
  if (wasInPlace && policy.state === 'Absent')
    return closed(facts, 'The admission policy was removed inside the cluster.');
  if (wasInPlace && policy.state === 'Changed')
    return closed(facts, 'The admission policy was changed inside the cluster.');
  if (told?.ceiling && exceeds(usage, told.ceiling))
    return closed(facts, 'The cluster goes on growing by what the admission policy lets through.');
  return undefined;
}

/** Another budget has another policy, and another ceiling. */
function isReworded({ told, policy }: BudgetFacts): boolean {
  return told?.policyHash !== undefined && told.policyHash !== policy.hash;
}

/** Remembers that the policy is there. */
function seen(facts: BudgetFacts): BudgetFacts {
  const { told, policy } = facts;
  if (policy.state !== 'InPlace' || !told || told.policyHash === policy.hash) return facts;
  return { ...facts, told: { ...told, policyHash: policy.hash } };
}

/** Figures that are still about right are not told again: a status that follows each byte is a write for each look. */
function stays(facts: BudgetFacts): StorageBudgetStatus {
  const { told, usage, budget } = facts;
  if (!told) return open(facts);
  const percent = percentOf(usage, budget);
  const turnsNear = percent >= warningPercent && told.percent < warningPercent;
  const isNews = turnsNear || Math.abs(percent - told.percent) >= toldStep;
  return isNews ? { ...told, ...figures(facts) } : told;
}

function figures({ usage, budget }: BudgetFacts): Amount & { readonly percent: number } {
  return { bytes: Math.round(usage.bytes), objects: usage.objects, percent: percentOf(usage, budget) };
}

function since({ told, now }: BudgetFacts, enforcement: BudgetEnforcement) {
  const isNew = enforcement !== (told?.enforcement ?? 'None');
  const time = isNew ? toTime(now) : told?.since;
  return { enforcement, ...(time !== undefined && { since: time }) };
}

function isDue({ told, now }: BudgetFacts): boolean {
  return told?.reopensAt !== undefined && now.getTime() >= Date.parse(told.reopensAt);
}

export function exceeds(usage: Amount, limit: Limit): boolean {
  return usage.bytes > (limit.bytes ?? Infinity) || usage.objects > (limit.objects ?? Infinity);
}

function ceilingOf({ bytes, objects }: Limit, usage: Amount): Limit {
  const above = (limit: number, used: number) =>
    Math.ceil(Math.max(limit * tolerance.ofBudget, used * tolerance.ofUsage));
  return {
    ...(bytes !== undefined && { bytes: above(bytes, usage.bytes) }),
    ...(objects !== undefined && { objects: above(objects, usage.objects) }),
  };
}

function times({ bytes, objects }: Limit, factor: number): Limit {
  return {
    ...(bytes !== undefined && { bytes: bytes * factor }),
    ...(objects !== undefined && { objects: objects * factor }),
  };
}
