import { z } from 'zod';
import type { AuditEntry } from '../../persistence/audit/entry.ts';
import { formatHead, parseHead } from '../../persistence/audit/entry.ts';
import type { Verification } from '../../persistence/audit/verify.ts';

const time = z.iso.datetime({ offset: true });
const head = z
  .string()
  .max(84)
  .refine((text) => parseHead(text) !== undefined, 'has to be <sequence>:<hash>')
  .meta({ pattern: '^(0|[1-9][0-9]{0,18}):[0-9a-f]{64}$' });

export const auditQuery = z.strictObject({
  user: z.string().min(1).max(1024).optional().describe('Name of who asked, whole.'),
  namespace: z.string().min(1).max(63).optional(),
  name: z.string().min(1).max(253).optional().describe('Of the object that was asked for or made.'),
  from: time.optional().describe('Nothing from before this time.'),
  to: time.optional().describe('Nothing from this time on.'),
  limit: z.coerce.number().int().min(1).max(500).default(100),
  cursor: z
    .string()
    .regex(/^[1-9]\d{0,17}$/)
    .optional()
    .describe('Of the page before.'),
});

export const verificationQuery = z.strictObject({
  expectedHead: head
    .optional()
    .describe('A head that was noted before; without one a chain whose end was cut off cannot be told.'),
});

export const auditEntry = z
  .object({
    sequence: z.int().min(1).describe('1 for the first entry; there are no gaps.'),
    time,
    exchange: z.uuid().describe('The same for both stages of one request.'),
    stage: z.enum(['RequestReceived', 'ResponseComplete']),
    requestId: z.string(),
    user: z.string().optional(),
    uid: z.string().optional(),
    groups: z.array(z.string()),
    authenticator: z.string().optional(),
    sourceAddress: z.string().optional(),
    userAgent: z.string().optional(),
    method: z.string(),
    route: z.string().describe('Pattern of the path.'),
    verb: z.string().optional(),
    resource: z.string().optional(),
    namespace: z.string().optional(),
    name: z.string().optional(),
    status: z.int().optional().describe('Of HTTP; none before the answer.'),
    problemCode: z.string().optional(),
    details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
    previousHash: z.hex().length(64),
    hash: z.hex().length(64),
  })
  .meta({ id: 'AuditEntry' });

export const auditPage = z
  .object({
    items: z.array(auditEntry),
    cursor: z.string().optional().describe('Where the next page begins; left out on the last one.'),
  })
  .meta({ id: 'AuditPage' });

export const auditVerification = z
  .object({
    intact: z.boolean(),
    count: z.int().min(0).describe('Entries that fit, from the first on.'),
    head: z.string().describe('`<sequence>:<hash>` of the last entry that fits, to be noted outside.'),
    finding: z
      .object({
        fault: z.enum(['Missing', 'Altered', 'Detached', 'Truncated', 'Rewritten']),
        sequence: z.int().min(0).describe('Of the first entry that does not fit; 0: there was none yet.'),
      })
      .optional(),
  })
  .meta({ id: 'AuditVerification' });

export function showAuditEntry(entry: AuditEntry): z.output<typeof auditEntry> {
  const { sequence, time: seen, username, groups, details, previousHash, hash, ...rest } = entry;
  const { exchange, stage, requestId, method, route, ...optional } = rest;
  return {
    sequence: Number(sequence),
    time: seen.toISOString(),
    exchange,
    stage,
    requestId,
    ...(username !== null && { user: username }),
    groups: [...groups],
    method,
    route,
    ...withoutNull(optional),
    details: { ...details },
    previousHash: previousHash.toString('hex'),
    hash: hash.toString('hex'),
  };
}

export function showVerification({
  count,
  head: last,
  finding,
}: Verification): z.output<typeof auditVerification> {
  return {
    intact: finding === undefined,
    count: Number(count),
    head: formatHead(last),
    ...(finding && { finding: { fault: finding.fault, sequence: Number(finding.sequence) } }),
  };
}

type WithoutNull<Of> = { readonly [Member in keyof Of]?: NonNullable<Of[Member]> };

function withoutNull<Of extends object>(values: Of): WithoutNull<Of> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null)) as WithoutNull<Of>;
}
