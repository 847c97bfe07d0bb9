export interface Retention {
  /** How many archives are kept at most. */
  readonly count: number;
  /** Days after which an archive goes. */
  readonly days?: number | undefined;
}

export interface Kept {
  /** RFC 3339. */
  readonly completedAt: string;
}

const dayMs = 24 * 60 * 60_000;

/** Archives that have to go, oldest first. The newest stays however old it is: it is all that there is. */
export function expired<T extends Kept>(
  archives: readonly T[],
  { count, days }: Retention,
  now: Date,
): readonly T[] {
  const newestFirst = archives.toSorted((one, other) => timeOf(other) - timeOf(one));
  const oldestMs = days === undefined ? Number.NEGATIVE_INFINITY : now.getTime() - days * dayMs;
  return newestFirst
    .filter((archive, position) => position > 0 && (position >= count || timeOf(archive) < oldestMs))
    .toReversed();
}

function timeOf({ completedAt }: Kept): number {
  return Date.parse(completedAt);
}
