import type { Migration } from './migration.ts';

/** The beginning of the audit trail may be taken out, once it is noted where it goes on (src/persistence/audit/audit-archive.ts). */
export const createAuditArchive: Migration = {
  name: '20261122031000-create-audit-archive',
  statements: [
    `CREATE TABLE audit_archive (
      sequence bigint PRIMARY KEY,
      hash bytea NOT NULL,
      archived_at timestamptz NOT NULL DEFAULT now()
    )`,
    `CREATE FUNCTION refuse_unknown_audit_archive() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF NOT EXISTS (SELECT FROM audit_entry WHERE sequence = NEW.sequence AND hash = NEW.hash) THEN
        RAISE EXCEPTION 'audit_archive: there is no such entry' USING ERRCODE = 'integrity_constraint_violation';
      END IF;
      RETURN NEW;
    END
    $$`,
    `CREATE TRIGGER audit_archive_names_an_entry BEFORE INSERT ON audit_archive
      FOR EACH ROW EXECUTE FUNCTION refuse_unknown_audit_archive()`,
    `CREATE TRIGGER audit_archive_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_archive
      FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_audit_entry()`,
    `CREATE FUNCTION refuse_to_delete_audit_entry() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF OLD.sequence <= (SELECT max(sequence) FROM audit_archive) THEN
        RETURN OLD;
      END IF;
      RAISE EXCEPTION 'audit_entry is append-only: DELETE of what is not archived is refused'
        USING ERRCODE = 'integrity_constraint_violation';
    END
    $$`,
    'DROP TRIGGER audit_entry_is_append_only ON audit_entry',
    `CREATE TRIGGER audit_entry_is_append_only BEFORE UPDATE OR TRUNCATE ON audit_entry
      FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_audit_entry()`,
    `CREATE TRIGGER audit_entry_is_deleted_when_archived BEFORE DELETE ON audit_entry
      FOR EACH ROW EXECUTE FUNCTION refuse_to_delete_audit_entry()`,
    'ALTER TABLE audit_entry ENABLE ALWAYS TRIGGER audit_entry_is_append_only',
    'ALTER TABLE audit_entry ENABLE ALWAYS TRIGGER audit_entry_is_deleted_when_archived',
    'ALTER TABLE audit_archive ENABLE ALWAYS TRIGGER audit_archive_names_an_entry',
    'ALTER TABLE audit_archive ENABLE ALWAYS TRIGGER audit_archive_is_append_only',
  ],
};
