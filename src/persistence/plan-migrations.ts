import { hash } from 'node:crypto';
import type { Migration } from '../../migrations/migration.ts';
import { DatabaseError } from './errors.ts';

/** A migration that the database has had. */
export interface AppliedMigration {
  readonly name: string;
  /** {@link checksumOf} what was run. */
  readonly checksum: string;
}

export function checksumOf({ statements }: Migration): string {
  return hash('sha256', JSON.stringify(statements), 'hex');
}

/**
 * What is still to be run, in order.
 * @throws DatabaseError `Mismatch` when the database is of another build: it has a migration that is not known here, or one of another text, or
 * lacks one before its last
 */
export function planMigrations(
  known: readonly Migration[],
  applied: readonly AppliedMigration[],
): readonly Migration[] {
  const knownNames = new Set(known.map(({ name }) => name));
  const unknown = applied.filter(({ name }) => !knownNames.has(name)).map(({ name }) => name);
  if (unknown.length > 0)
    throw mismatch(`it has ${unknown.join(', ')}, which this build of Marina does not know; run a newer one`);
  const checksums = new Map(applied.map(({ name, checksum }) => [name, checksum]));
  const changed = known.find(
    (each) => checksums.has(each.name) && checksums.get(each.name) !== checksumOf(each),
  );
  if (changed) throw mismatch(`${changed.name} was run with another text than this build of Marina has`);
  const pending = known.slice(applied.length);
  const skipped = pending.find(({ name }) => checksums.has(name));
  if (skipped) throw mismatch(`${skipped.name} was run, and one before it was not`);
  return pending;
}

function mismatch(message: string): DatabaseError {
  return new DatabaseError('Mismatch', 'compare the schema of the management database', message);
}
