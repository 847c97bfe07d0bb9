import type { LabelSelector } from '../../api/v1alpha1/label-selector.ts';
import { matches } from './label-selector.ts';

/** A DataStore as a place for one more control plane. */
export interface Candidate {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Why it takes no more at all, e.g. `is not Ready`. */
  readonly obstacle?: string;
  /** From 0 to 1: of that which it has least of, with what its control planes are expected to need. */
  readonly usedShare: number;
  /** Control planes there, and those that are on their way. */
  readonly tenants: number;
}

export type Choice = { readonly chosen: string } | { readonly chosen: undefined; readonly why: string };

/** Stores whose use is in the same step of this width are as good as each other: the next figure would be another one. */
const stepShare = 0.05;

/** The fitting store with most room; of those the one with fewest control planes, then the first by name. */
export function chooseDataStore(candidates: readonly Candidate[], selector?: LabelSelector): Choice {
  const judged = candidates.map((candidate) => ({ candidate, obstacle: obstacleTo(candidate, selector) }));
  const fitting = judged.filter(({ obstacle }) => obstacle === undefined).map(({ candidate }) => candidate);
  const [best] = fitting.toSorted(byRoom);
  if (best) return { chosen: best.name };
  if (candidates.length === 0) return { chosen: undefined, why: 'There is no DataStore.' };
  const reasons = judged
    .toSorted((one, other) => byName(one.candidate, other.candidate))
    .map(({ candidate, obstacle }) => `${candidate.name} ${obstacle}`);
  return { chosen: undefined, why: `No DataStore fits: ${reasons.join('; ')}.` };
}

function obstacleTo(
  { labels, obstacle }: Candidate,
  selector: LabelSelector | undefined,
): string | undefined {
  return matches(selector, labels) ? obstacle : 'is not selected by spec.dataStoreSelector';
}

function byRoom(one: Candidate, other: Candidate): number {
  const step = ({ usedShare }: Candidate) => Math.floor(usedShare / stepShare);
  return step(one) - step(other) || one.tenants - other.tenants || byName(one, other);
}

function byName(one: Candidate, other: Candidate): number {
  return one.name < other.name ? -1 : 1;
}
