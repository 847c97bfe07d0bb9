import type { ReclaimResult } from '../driver.ts';
import { isOutOfSpace } from './health.ts';
import type { MemberStatus } from './member-status.ts';

/** Share of the quota below which a store takes writes again: less, and it would be full again in no time. */
export const writableShare = 0.85;
/** Share of a member's pages that defragmenting has to give back, or it is not worth the silence. */
const worthwhileShare = 0.05;

export type ReclaimStep =
  | { readonly do: 'compact' }
  | { readonly do: 'defragment'; readonly endpoint: string }
  | { readonly do: 'disarm' }
  | { readonly do: 'nothing'; readonly result: ReclaimResult };

interface Answering {
  readonly endpoint: string;
  readonly status: MemberStatus;
}

export interface SpaceFacts {
  /** By endpoint; undefined of one that does not answer. */
  readonly members: ReadonlyMap<string, MemberStatus | undefined>;
  /** Whether history has been removed since the last look. */
  readonly compacted: boolean;
  /**
   * Endpoints that may give back more than they say: pages that have just become free are told as such only after further writes, of
   * which a full store takes few.
   */
  readonly unsure: ReadonlySet<string>;
}

/**
 * The next step of a store whose alarm NOSPACE is on. A member that is defragmented answers nobody, so there is never more than one that
 * does not, and the leader is the last: each change of leader is a pause for all.
 */
export function planReclaim({ members, compacted, unsure }: SpaceFacts): ReclaimStep {
  const answering = [...members].flatMap(([endpoint, status]) => (status ? [{ endpoint, status }] : []));
  if (!answering.some(({ status }) => isOutOfSpace(status))) return nothing({ state: 'Writable' });
  const silent = [...members].flatMap(([endpoint, status]) => (status ? [] : [endpoint]));
  if (silent.length > 0) {
    return underway(`Space is made when every member answers; these do not: ${silent.join(', ')}.`);
  }
  if (answering.some(({ status }) => status.leaderId === '0')) {
    return underway('Space is made when the members have a leader.');
  }
  if (!compacted) return { do: 'compact' };
  const large = answering.filter(isLarge);
  if (large.length === 0) return { do: 'disarm' };
  const [next] = large
    .filter((member) => isWorthwhile(member) || unsure.has(member.endpoint))
    .toSorted(leaderLast);
  if (next) return { do: 'defragment', endpoint: next.endpoint };
  // All have the same keys; one that has more pages in use is still removing history.
  const live = Math.min(...answering.map(({ status }) => status.inUseBytes));
  const isSettled = answering.every(({ status }) => status.inUseBytes <= live * (1 + worthwhileShare));
  return isSettled ? exhausted(answering) : underway('History is being removed.');
}

function limitOf({ status: { quotaBytes } }: Answering): number {
  return quotaBytes > 0 ? quotaBytes * writableShare : Number.POSITIVE_INFINITY;
}

function isLarge(member: Answering): boolean {
  return member.status.sizeBytes >= limitOf(member);
}

function isWorthwhile({ status: { sizeBytes, inUseBytes } }: Answering): boolean {
  return sizeBytes - inUseBytes >= sizeBytes * worthwhileShare;
}

/** Else the one that gives back most. */
function leaderLast(one: Answering, other: Answering): number {
  const leads = ({ status }: Answering) => Number(status.leaderId === status.memberId);
  const free = ({ status }: Answering) => status.sizeBytes - status.inUseBytes;
  return leads(one) - leads(other) || free(other) - free(one);
}

function exhausted(members: readonly Answering[]): ReclaimStep {
  const quota = Math.min(...members.map(({ status }) => status.quotaBytes));
  const mebibytes = Math.round(quota / 2 ** 20);
  const share = Math.round(writableShare * 100);
  return nothing({
    state: 'Exhausted',
    message: `No history is left, and live keys take more than ${share} % of the quota of ${mebibytes} MiB: delete some, or raise --quota-backend-bytes.`,
  });
}

function underway(message: string): ReclaimStep {
  return nothing({ state: 'Underway', message });
}

function nothing(result: ReclaimResult): ReclaimStep {
  return { do: 'nothing', result };
}
