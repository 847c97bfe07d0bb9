import { hash } from 'node:crypto';
import { canonicalJson } from '../canonical-json.ts';

/** As in the audit of Kubernetes (audit.k8s.io/v1): before the effect, and when it is known how it went. */
export type AuditStage = 'RequestReceived' | 'ResponseComplete';

/** What an entry says; never bodies, tokens or keys. */
export interface AuditFacts {
  /** When it was seen, to the millisecond; entries of different replicas need not be in this order. */
  readonly time: Date;
  /** UUID of one request and its answer: both stages have it, and nothing else has. */
  readonly exchange: string;
  readonly stage: AuditStage;
  /** X-Request-Id, which the client may have chosen. */
  readonly requestId: string;
  readonly username: string | null;
  readonly uid: string | null;
  readonly groups: readonly string[];
  /** Which of the ways to be known it was, e.g. `TokenReview`. */
  readonly authenticator: string | null;
  readonly sourceAddress: string | null;
  readonly userAgent: string | null;
  readonly method: string;
  /** The pattern, e.g. `/v1/namespaces/:namespace/controlplanes`. */
  readonly route: string;
  readonly verb: string | null;
  readonly resource: string | null;
  readonly namespace: string | null;
  readonly name: string | null;
  /** Of HTTP; none before the answer. */
  readonly status: number | null;
  readonly problemCode: string | null;
  readonly details: Readonly<Record<string, string | number | boolean>>;
}

/** Where a chain is: its last entry. */
export interface AuditHead {
  /** 1 for the first entry, without gaps; 0 where there is none. */
  readonly sequence: bigint;
  /** SHA-256, 32 octets. */
  readonly hash: Buffer;
}

export interface AuditEntry extends AuditFacts, AuditHead {
  readonly previousHash: Buffer;
}

/** Before the first entry. */
export const emptyHead: AuditHead = { sequence: 0n, hash: Buffer.alloc(32) };

/**
 * SHA-256 over the JSON array `["marina.dev/audit/v1", sequence, previous hash, time, exchange, ...]`, with every field in this order: sequence in decimal, hash
 * in lower-case hexadecimal, time in RFC 3339 with milliseconds, members of `details` sorted by name.
 */
export function hashOf(facts: AuditFacts, sequence: bigint, previousHash: Buffer): Buffer {
  const encoded = canonicalJson([
    'marina.dev/audit/v1',
    String(sequence),
    previousHash.toString('hex'),
    facts.time.toISOString(),
    facts.exchange,
    facts.stage,
    facts.requestId,
    facts.username,
    facts.uid,
    facts.groups,
    facts.authenticator,
    facts.sourceAddress,
    facts.userAgent,
    facts.method,
    facts.route,
    facts.verb,
    facts.resource,
    facts.namespace,
    facts.name,
    facts.status,
    facts.problemCode,
    facts.details,
  ]);
  return hash('sha256', encoded, 'buffer');
}

/** The entries that follow `head`, in the order of `facts`. */
export function chain(head: AuditHead, facts: readonly AuditFacts[]): readonly AuditEntry[] {
  const entries: AuditEntry[] = [];
  let last = head;
  for (const each of facts) {
    const sequence = last.sequence + 1n;
    const entry = { ...each, sequence, previousHash: last.hash, hash: hashOf(each, sequence, last.hash) };
    entries.push(entry);
    last = entry;
  }
  return entries;
}

/** `<sequence>:<hash>`, for a person to note down. */
export function formatHead({ sequence, hash: digest }: AuditHead): string {
  return `${sequence}:${digest.toString('hex')}`;
}

/** Undefined for what `formatHead` never says. */
export function parseHead(text: string): AuditHead | undefined {
  const [, sequence, digest] = /^(0|[1-9]\d{0,18}):([0-9a-f]{64})$/.exec(text) ?? [];
  if (sequence === undefined || digest === undefined) return undefined;
  return { sequence: BigInt(sequence), hash: Buffer.from(digest, 'hex') };
}
