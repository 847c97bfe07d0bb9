import { type AuditEntry, type AuditHead, emptyHead, hashOf } from './entry.ts';

/**
 * `Missing`: there is none with this sequence. `Altered`: its contents are not those that were hashed. `Detached`: it does not follow the entry before it; one of
 * the two was moved, or was written anew. `Truncated`: the chain ends before a head that was noted. `Rewritten`: at a head that was noted there is
 * another entry.
 */
export type AuditFault = 'Missing' | 'Altered' | 'Detached' | 'Truncated' | 'Rewritten';

export interface AuditFinding {
  readonly fault: AuditFault;
  /** Of the first entry that does not fit. */
  readonly sequence: bigint;
}

export interface Verification {
  /** Entries that fit, from the first that was there on. */
  readonly count: bigint;
  /** The last entry that fits. */
  readonly head: AuditHead;
  /** Undefined: the whole chain fits. */
  readonly finding: AuditFinding | undefined;
}

export interface VerifyOptions {
  /** The entry before the first; default: there is none. */
  readonly start?: AuditHead | undefined;
  /** One that was noted before, outside the database: without it nobody can tell a chain whose end was cut off, or that was written anew as a whole. */
  readonly expectedHead?: AuditHead | undefined;
}

/**
 * Whether entries, as they come in the order of their sequence, are the chain that was written; it ends at the first that is not. An `expectedHead` from
 * before `start` says nothing of them.
 */
export async function verify(
  pages: AsyncIterable<readonly AuditEntry[]>,
  { start = emptyHead, expectedHead = start }: VerifyOptions = {},
): Promise<Verification> {
  let head = start;
  const answer = (finding?: AuditFinding): Verification => ({
    count: head.sequence - start.sequence,
    head,
    finding,
  });
  const startFinding = rewritten(start, expectedHead);
  if (startFinding) return answer(startFinding);
  for await (const page of pages) {
    for (const entry of page) {
      const finding = findingOf(head, entry) ?? rewritten(entry, expectedHead);
      if (finding) return answer(finding);
      head = entry;
    }
  }
  const isShort = head.sequence < expectedHead.sequence;
  return answer(isShort ? { fault: 'Truncated', sequence: head.sequence + 1n } : undefined);
}

/** What is wrong with the entry that comes after `previous`. */
export function findingOf(previous: AuditHead, entry: AuditEntry): AuditFinding | undefined {
  const next = previous.sequence + 1n;
  if (entry.sequence > next) return { fault: 'Missing', sequence: next };
  const { sequence } = entry;
  if (sequence < next || !entry.previousHash.equals(previous.hash)) return { fault: 'Detached', sequence };
  if (!hashOf(entry, sequence, entry.previousHash).equals(entry.hash)) return { fault: 'Altered', sequence };
  return undefined;
}

function rewritten({ sequence, hash }: AuditHead, expected: AuditHead): AuditFinding | undefined {
  const isOther = sequence === expected.sequence && !hash.equals(expected.hash);
  return isOther ? { fault: 'Rewritten', sequence } : undefined;
}
