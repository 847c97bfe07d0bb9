/** What is measured, each with a rhythm and gaps of its own. */
export const sources = ['existence', 'resources', 'storage', 'requests'] as const;

export type Source = (typeof sources)[number];

/** Those that are known at the moments of their readings only. */
export const levelSources: ReadonlySet<Source> = new Set(['resources', 'storage']);

/** What a control plane runs as; empty where it is of no class. */
export interface Offer {
  readonly className: string;
  readonly size: string;
}

/** What was used in an interval. Of a source only its own are there. */
export interface Amounts {
  /** existence: milliseconds with a control plane that runs, or should. */
  readonly runningMs?: number;
  /** existence: milliseconds in which it was stopped. */
  readonly stoppedMs?: number;
  /** resources: seconds of one core. */
  readonly cpuSeconds?: number;
  /** resources: working set over time. */
  readonly memoryByteSeconds?: number;
  /** storage: what the partition takes, over time. */
  readonly storageByteSeconds?: number;
  /** storage: what it took at the end; not a sum. */
  readonly storageBytes?: number;
  /** requests: those that the tenant's API servers have answered. */
  readonly requests?: number;
}

/** What one source says of one control plane between two moments. Intervals of one uid and source never overlap. */
export interface Sample extends Offer {
  readonly uid: string;
  readonly source: Source;
  readonly startMs: number;
  readonly endMs: number;
  readonly amounts: Amounts;
}

export const hourMs = 3_600_000;
export const dayMs = 24 * hourMs;

const counted = ['runningMs', 'stoppedMs', 'requests'] as const;
const measured = ['cpuSeconds', 'memoryByteSeconds', 'storageByteSeconds'] as const;

/** The same in pieces of which none crosses an hour (UTC), so that hours add up to what there was: whole numbers stay whole. */
export function splitAtHours(sample: Sample): readonly Sample[] {
  const { startMs, endMs } = sample;
  const pieces: Sample[] = [];
  for (let from = startMs; from < endMs;) {
    const to = Math.min(endMs, (Math.floor(from / hourMs) + 1) * hourMs);
    pieces.push({ ...sample, startMs: from, endMs: to, amounts: part(sample, from, to) });
    from = to;
  }
  return pieces;
}

/** Each bound gets its share of the whole and parts are differences of bounds: nothing is lost by rounding. */
function part({ startMs, endMs, amounts }: Sample, from: number, to: number): Amounts {
  const upTo = (amount: number, time: number) => (amount * (time - startMs)) / (endMs - startMs);
  const shares: Record<string, number> = {};
  for (const name of counted) {
    const amount = amounts[name];
    if (amount !== undefined) shares[name] = Math.round(upTo(amount, to)) - Math.round(upTo(amount, from));
  }
  for (const name of measured) {
    const amount = amounts[name];
    if (amount !== undefined) shares[name] = upTo(amount, to) - upTo(amount, from);
  }
  return { ...shares, ...(amounts.storageBytes !== undefined && { storageBytes: amounts.storageBytes }) };
}

/** What of it lies behind a moment; undefined where nothing does. */
export function behind(sample: Sample, fromMs: number): Sample | undefined {
  const { startMs, endMs } = sample;
  if (fromMs <= startMs) return sample;
  if (fromMs >= endMs) return undefined;
  return { ...sample, startMs: fromMs, amounts: part(sample, fromMs, endMs) };
}

/** Both as one, where the second goes on from the first in the same hour; else undefined. */
export function joined(first: Sample, second: Sample): Sample | undefined {
  const isNext =
    first.endMs === second.startMs &&
    Math.floor(first.startMs / hourMs) === Math.floor(second.startMs / hourMs) &&
    first.className === second.className &&
    first.size === second.size;
  return isNext ? { ...first, endMs: second.endMs, amounts: sum(first.amounts, second.amounts) } : undefined;
}

function sum(first: Amounts, second: Amounts): Amounts {
  const total: Record<string, number> = { ...first, ...second };
  for (const name of [...counted, ...measured]) {
    if (first[name] !== undefined || second[name] !== undefined)
      total[name] = (first[name] ?? 0) + (second[name] ?? 0);
  }
  return total;
}
