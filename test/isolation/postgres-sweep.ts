import pg from 'pg';

/** Where a text was found, by what it is. */
export type Sightings = Readonly<Record<string, readonly string[]>>;

/** Each row is a relation of the catalogs and those columns of it that may be read. */
const readableRelations = `
  SELECT format('%I.%I', nspname, relname) AS source, string_agg(quote_ident(attname), ', ') AS columns
  FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
    JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped
  WHERE nspname IN ('pg_catalog', 'information_schema') AND relkind IN ('r', 'v', 'm', 'S')
    AND has_column_privilege(pg_class.oid, attnum, 'SELECT')
  GROUP BY nspname, relname ORDER BY 1`;

/** Functions of the catalogs that can be called with nothing, or with the number of somebody's session. */
const callableFunctions = `
  SELECT format('%s(%s)', proname, CASE WHEN pronargs = 1 THEN 'session' END) AS source
  FROM pg_proc JOIN pg_type ON pg_type.oid = prorettype
  WHERE pronamespace = 'pg_catalog'::regnamespace AND prokind = 'f' AND has_function_privilege(pg_proc.oid, 'EXECUTE')
    AND (typtype <> 'p' OR prorettype IN ('record'::regtype, 'void'::regtype))
    AND (pronargs = pronargdefaults OR (proname LIKE 'pg_stat_get_backend_%' AND pronargs = 1))
  ORDER BY 1`;

/**
 * Reads all of the catalogs that a session may, by every relation and every function, and looks for texts in it. New views and functions
 * of a new Postgres are read as well.
 * @param wanted by what it is, e.g. `{ password: 'hunter2' }`
 */
export async function sweep(
  client: pg.Client,
  wanted: Readonly<Record<string, string>>,
): Promise<{ readonly sources: number; readonly seen: Sightings }> {
  const { rows: relations } = await client.query<{ readonly source: string; readonly columns: string }>(
    readableRelations,
  );
  const { rows: functions } = await client.query<{ readonly source: string }>(callableFunctions);
  const queries = [
    ...relations.map(({ source, columns }) => ({
      source,
      sql: `SELECT ROW(${columns})::text AS row FROM ${source}`,
    })),
    ...functions.map(({ source }) => ({
      source,
      sql: `SELECT (${source})::text AS row FROM pg_stat_get_backend_idset() AS session`,
    })),
  ];
  const seen: Record<string, string[]> = {};
  await client.query('SET default_transaction_read_only = on');
  for (const { source, sql } of queries) {
    const text = await textOf(client, sql);
    for (const [what, token] of Object.entries(wanted)) {
      if (text.includes(token)) (seen[what] ??= []).push(source);
    }
  }
  await client.query('RESET default_transaction_read_only');
  return { sources: queries.length, seen };
}

/** What is refused shows nothing. */
async function textOf(client: pg.Client, sql: string): Promise<string> {
  try {
    const { rows } = await client.query<{ readonly row: string | null }>(sql);
    return rows.map(({ row }) => row ?? '').join('\n');
  } catch (error) {
    if (error instanceof pg.DatabaseError) return '';
    throw error;
  }
}
