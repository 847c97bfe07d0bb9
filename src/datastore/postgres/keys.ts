import { isMissingTable, isShutOut } from './errors.ts';
import type { PostgresPartition } from './partition.ts';
import type { TenantDatabase } from './tenant-database.ts';

/**
 * Keys as their tenant's apiserver sees them: of each name the last row, unless it is a deletion. kine keeps all revisions since the last
 * compaction; its index on (name, id DESC, deleted) answers without reading values: for a million revisions in half a second, before a first VACUUM in three.
 */
const latest = `
  (SELECT DISTINCT ON (name) id, name, deleted FROM public.kine WHERE name >= $1 AND name < $2 ORDER BY name, id DESC) AS latest`;

const countSql = `SELECT count(*)::int AS keys FROM ${latest} WHERE deleted = 0`;

/** The length of a value that is kept apart from its row is known without reading it. */
const sizeSql = `
  SELECT count(*)::int AS keys, coalesce(sum(octet_length(latest.name) + octet_length(value)), 0)::float8 AS bytes
  FROM ${latest} JOIN public.kine USING (id) WHERE latest.deleted = 0`;

type Connect = () => Promise<TenantDatabase>;

interface KeysSize {
  readonly keys: number;
  /** Of names and values. */
  readonly bytes: number;
}

/** 0 where there is no table, or nobody to ask. */
export async function countKeys(partition: PostgresPartition, connect: Connect): Promise<number> {
  try {
    const row = await ask<Pick<KeysSize, 'keys'>>('count keys', countSql, { partition, connect });
    return row?.keys ?? 0;
  } catch (error) {
    if (isShutOut(error)) return 0;
    throw error;
  }
}

/** 0 where there is no table. A server that is going away must not pass for an empty partition. */
export async function sizeOfKeys(partition: PostgresPartition, connect: Connect): Promise<KeysSize> {
  const row = await ask<KeysSize>('measure keys', sizeSql, { partition, connect });
  return row ?? { keys: 0, bytes: 0 };
}

async function ask<Row extends Partial<KeysSize>>(
  verb: string,
  sql: string,
  { partition, connect }: { readonly partition: PostgresPartition; readonly connect: Connect },
): Promise<Row | undefined> {
  const { name, prefix, end } = partition;
  try {
    await using database = await connect();
    const [row] = await database.read<Row>(`${verb} of ${name}`, sql, [prefix, end]);
    return row;
  } catch (error) {
    if (isMissingTable(error)) return undefined;
    throw error;
  }
}
