import { createAuditEntry } from './20261121234600-create-audit-entry.ts';
import { createIdempotencyKey } from './20261121234700-create-idempotency-key.ts';
import { createUsage } from './20261121235500-create-usage.ts';
import { createOperation } from './20261122001500-create-operation.ts';
import { addIdempotencyKeyOwner } from './20261122030000-add-idempotency-key-owner.ts';
import { createAuditArchive } from './20261122031000-create-audit-archive.ts';
import type { Migration } from './migration.ts';

/** All of them, in order. */
export const migrations: readonly Migration[] = [
  createAuditEntry,
  createIdempotencyKey,
  createUsage,
  createOperation,
  addIdempotencyKeyOwner,
  createAuditArchive,
];
