import { add, type Amounts, dimensions, formatAmount, type Hard, nothing, subtract } from './amounts.ts';

/** One control plane, as its quota sees it. */
export interface Claim {
  readonly uid: string;
  /** RFC 3339: the oldest is asked first; then by uid. */
  readonly created: string;
  /** What it was given; undefined for one that is not born. */
  readonly holds?: Amounts;
  /** What it asks for; undefined for one that asks for nothing new, as one that is being deleted. */
  readonly wants?: Amounts;
}

type Asking = Claim & { readonly wants: Amounts };

export interface Shares {
  /** Who gets what it wants, by uid. */
  readonly granted: ReadonlySet<string>;
  /** What all have then. */
  readonly used: Amounts;
}

/**
 * Gives out what a quota has left, to the oldest first; whoever asks for more than is left is passed over. What was given stays, also where
 * a quota has become smaller since; what asks for less of everything gets it first. Of equal claims in any order the outcome is the same.
 */
export function shareOut(hard: Hard, claims: readonly Claim[]): Shares {
  const granted = new Set<string>();
  let used = claims.map(({ holds }) => holds ?? nothing).reduce(add, nothing);
  const asking = claims
    .toSorted(byAge)
    .flatMap((claim) => (claim.wants ? [{ ...claim, wants: claim.wants }] : []));
  const isGrowing = ({ holds = nothing, wants }: Asking) => grownIn(holds, wants).length > 0;
  const turns = [...asking.filter((claim) => !isGrowing(claim)), ...asking.filter(isGrowing)];
  // What one gives up while it gets something else may be what an older one waits for.
  for (let isFreed = true; isFreed;) {
    isFreed = false;
    for (const { uid, holds = nothing, wants } of turns) {
      const after = add(subtract(used, holds), wants);
      if (granted.has(uid) || lackingIn(hard, after, grownIn(holds, wants)).length > 0) continue;
      granted.add(uid);
      used = after;
      isFreed ||= grownIn(wants, holds).length > 0;
    }
  }
  return { granted, used };
}

/** Why a claim is not granted where all others have `used`: what is lacking, as `cpu: 2 of 4 are used, 3 more are wanted`. */
export function explainShortage(
  hard: Hard,
  used: Amounts,
  { holds = nothing, wants = nothing }: Claim,
): string {
  const after = add(subtract(used, holds), wants);
  return lackingIn(hard, after, grownIn(holds, wants))
    .map((name) => {
      const [has, most, more] = [used[name], hard[name] ?? 0, wants[name] - holds[name]];
      const [hasText, mostText, moreText] = [has, most, more].map((amount) => formatAmount(name, amount));
      return `${name}: ${hasText} of ${mostText} in use, ${moreText} more wanted`;
    })
    .join('; ');
}

function grownIn(holds: Amounts, wants: Amounts): readonly (keyof Amounts)[] {
  return dimensions.filter((name) => wants[name] > holds[name]);
}

function lackingIn(
  hard: Hard,
  after: Amounts,
  names: readonly (keyof Amounts)[],
): readonly (keyof Amounts)[] {
  return names.filter((name) => after[name] > (hard[name] ?? Infinity));
}

function byAge(a: Claim, b: Claim): number {
  return a.created.localeCompare(b.created) || a.uid.localeCompare(b.uid);
}
