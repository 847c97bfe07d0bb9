import type { EntitySchemaColumnOptions } from 'typeorm';
import type { AuditEntry } from './entry.ts';

export const auditEntryTable = 'audit_entry';

/** A row as TypeORM reads it: numbers beyond 2^53 come as text. */
export type AuditEntryRow = Omit<AuditEntry, 'sequence'> & { readonly sequence: string };

const optionalText = { type: 'text', nullable: true } as const;

export const auditEntryColumns = {
  sequence: { type: 'bigint', primary: true },
  time: { type: 'timestamptz', precision: 3 },
  exchange: { type: 'uuid' },
  stage: { type: 'text' },
  requestId: { type: 'text', name: 'request_id' },
  username: optionalText,
  uid: optionalText,
  groups: { type: 'text', array: true },
  authenticator: optionalText,
  sourceAddress: { ...optionalText, name: 'source_address' },
  userAgent: { ...optionalText, name: 'user_agent' },
  method: { type: 'text' },
  route: { type: 'text' },
  verb: optionalText,
  resource: optionalText,
  namespace: optionalText,
  name: optionalText,
  status: { type: 'integer', nullable: true },
  problemCode: { ...optionalText, name: 'problem_code' },
  details: { type: 'jsonb' },
  previousHash: { type: 'bytea', name: 'previous_hash' },
  hash: { type: 'bytea' },
} as const satisfies Readonly<Record<keyof AuditEntry, EntitySchemaColumnOptions>>;

export function toAuditEntry(row: AuditEntryRow): AuditEntry {
  return { ...row, sequence: BigInt(row.sequence) };
}

/** As `jsonb_populate_recordset` takes it, by the names of the database. */
export function toJsonRow(entry: AuditEntry): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(auditEntryColumns).map(([member, column]) => {
      const value = entry[member as keyof AuditEntry];
      return ['name' in column ? column.name : member, toJson(value)];
    }),
  );
}

function toJson(value: AuditEntry[keyof AuditEntry]): unknown {
  if (typeof value === 'bigint') return String(value);
  return Buffer.isBuffer(value) ? `\\x${value.toString('hex')}` : value;
}
