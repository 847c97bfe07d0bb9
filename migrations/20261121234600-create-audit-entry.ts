import type { Migration } from './migration.ts';

/** The audit trail, a chain of hashes (src/persistence/audit/chain.ts). */
export const createAuditEntry: Migration = {
  name: '20261121234600-create-audit-entry',
  statements: [
    `CREATE TABLE audit_entry (
      sequence bigint PRIMARY KEY CHECK (sequence > 0),
      time timestamptz(3) NOT NULL,
      exchange uuid NOT NULL,
      stage text NOT NULL CHECK (stage IN ('RequestReceived', 'ResponseComplete')),
      request_id text NOT NULL,
      username text,
      uid text,
      groups text[] NOT NULL,
      authenticator text,
      source_address text,
      user_agent text,
      method text NOT NULL,
      route text NOT NULL,
      verb text,
      resource text,
      namespace text,
      name text,
      status integer,
      problem_code text,
      details jsonb NOT NULL,
      previous_hash bytea NOT NULL CHECK (octet_length(previous_hash) = 32),
      hash bytea NOT NULL CHECK (octet_length(hash) = 32),
      UNIQUE (exchange, stage)
    )`,
    'CREATE INDEX audit_entry_time ON audit_entry (time)',
    'CREATE INDEX audit_entry_username ON audit_entry (username, sequence)',
    'CREATE INDEX audit_entry_namespace_name ON audit_entry (namespace, name, sequence)',
    `CREATE FUNCTION refuse_to_change_audit_entry() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION 'audit_entry is append-only: % is refused', TG_OP USING ERRCODE = 'integrity_constraint_violation';
    END
    $$`,
    `CREATE TRIGGER audit_entry_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entry
      FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_audit_entry()`,
    // Not even where triggers are off for the session (session_replication_role).
    'ALTER TABLE audit_entry ENABLE ALWAYS TRIGGER audit_entry_is_append_only',
  ],
};
