import type { Migration } from './migration.ts';

/** What was answered to requests with an Idempotency-Key (src/persistence/idempotency). */
export const createIdempotencyKey: Migration = {
  name: '20261121234700-create-idempotency-key',
  statements: [
    `CREATE TABLE idempotency_key (
      scope bytea PRIMARY KEY CHECK (octet_length(scope) = 32),
      fingerprint bytea NOT NULL CHECK (octet_length(fingerprint) = 32),
      holder uuid NOT NULL,
      leased_until timestamptz NOT NULL,
      expires_at timestamptz NOT NULL,
      answer jsonb
    )`,
    'CREATE INDEX idempotency_key_expires_at ON idempotency_key (expires_at)',
  ],
};
