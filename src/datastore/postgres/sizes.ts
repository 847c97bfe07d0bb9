import { postgresPartition } from './partition.ts';
import type { PostgresPartition } from './partition.ts';
import type { Primary } from './primary.ts';

export interface DatabaseSize {
  readonly partition: PostgresPartition;
  /** On disk, with indexes, history and what a vacuum has not given back yet. */
  readonly bytes: number;
}

/** Databases that have a role of their name, as partitions do; largest first. */
const sizesSql = `
  SELECT datname AS name, pg_database_size(oid)::float8 AS bytes
  FROM pg_database
  WHERE NOT datistemplate AND EXISTS (SELECT FROM pg_roles WHERE rolname = datname)
  ORDER BY 2 DESC, 1`;

export async function largestDatabases(primary: Primary, count: number): Promise<readonly DatabaseSize[]> {
  const rows = await primary.read<{ readonly name: string; readonly bytes: number }>({
    operation: 'read sizes of databases',
    sql: sizesSql,
  });
  const partitions = rows.flatMap(({ name, bytes }) => {
    const partition = toPartition(name);
    return partition ? [{ partition, bytes }] : [];
  });
  return partitions.slice(0, count);
}

/** Undefined for a name that no partition has, e.g. the server's own. */
function toPartition(name: string): PostgresPartition | undefined {
  try {
    return postgresPartition(name);
  } catch {
    return undefined;
  }
}
