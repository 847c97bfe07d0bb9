import { createAuditEntry } from './20261121234600-create-audit-entry.ts';
import { createIdempotencyKey } from './20261121234700-create-idempotency-key.ts';
import { createUsage } from './20261121235500-create-usage.ts';
import { createOperation } from './20261122001500-create-operation.ts';
import type { Migration } from './migration.ts';

/** All of them, in order. */
export const migrations: readonly Migration[] = [
  createAuditEntry,
  createIdempotencyKey,
  createUsage,
  createOperation,
];
