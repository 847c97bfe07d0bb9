import type { Migration } from './migration.ts';

/** How many keys one user has is bounded (src/persistence/idempotency). Keys from before have no owner; they are gone a day later. */
export const addIdempotencyKeyOwner: Migration = {
  name: '20261122030000-add-idempotency-key-owner',
  statements: [
    'ALTER TABLE idempotency_key ADD COLUMN owner bytea CHECK (octet_length(owner) = 32)',
    'CREATE INDEX idempotency_key_owner ON idempotency_key (owner, expires_at)',
  ],
};
