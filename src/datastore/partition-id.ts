import { DataStoreError } from './errors.ts';

/** Longer than any id that Marina makes; it is a label value, a certificate's common name and a Postgres identifier as well. */
const longestId = 63;
const idPattern = /^[a-z0-9](-?[a-z0-9])*$/;

/** Stores' own administrators and databases, words with a meaning of their own, and what Marina keeps for itself. */
const reservedIds: ReadonlySet<string> = new Set([
  'root',
  'marina',
  'postgres',
  'template0',
  'template1',
  'public',
  'none',
]);

/**
 * The same ids for every kind of store, so that a tenant can move from one to another.
 * @throws DataStoreError `Unsupported` for an id that is not lower-case letters and digits, single hyphens between them
 */
export function requirePartitionId(id: string, operation: string): void {
  if (id.length <= longestId && idPattern.test(id) && !reservedIds.has(id)) return;
  const message = `${JSON.stringify(id)} is no id: lower-case letters and digits with single hyphens between, at most ${longestId}, not reserved`;
  throw new DataStoreError('Unsupported', operation, message);
}
