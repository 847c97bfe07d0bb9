import type pg from 'pg';

/** What a tenant would not have others know, by where it is kept. */
export const secrets = {
  'a value': 'kept-7q-value',
  'the name of a table': 'kept-7q-table',
  'the name of a column': 'kept-7q-column',
  'a comment': 'kept-7q-comment',
  'the text of a view': 'kept-7q-view',
  'the label of an enum': 'kept-7q-label',
  'a default': 'kept-7q-default',
  'a frequent value': 'kept-7q-frequent',
  'a large object': 'kept-7q-large',
  'a setting': 'kept-7q-setting',
  'the name of a statement': 'kept-7q-statement',
  'the text of a query': 'kept-7q-query',
  'a channel': 'kept-7q-channel',
  'the name of the application': 'kept-7q-application',
  'the number of a lock': '77137713',
} as const;

/** Puts all of them into a session of a tenant and into its database. The session's last query stays in sight. */
export async function plantSecrets(client: pg.Client): Promise<void> {
  const table = `"${secrets['the name of a table']}"`;
  for (const sql of [
    `INSERT INTO kine (name, deleted, value) VALUES ('x', 0, '${secrets['a value']}')`,
    `CREATE TABLE ${table} ("${secrets['the name of a column']}" text DEFAULT '${secrets['a default']}')`,
    `COMMENT ON TABLE ${table} IS '${secrets['a comment']}'`,
    `CREATE VIEW shown AS SELECT '${secrets['the text of a view']}'::text AS value`,
    `CREATE TYPE kinds AS ENUM ('${secrets['the label of an enum']}')`,
    `CREATE TABLE often AS SELECT '${secrets['a frequent value']}'::text AS value FROM generate_series(1, 1000)`,
    'ANALYZE often',
    `SELECT lo_from_bytea(0, '${secrets['a large object']}')`,
    `SET marina.kept = '${secrets['a setting']}'`,
    `PREPARE "${secrets['the name of a statement']}" AS SELECT 1`,
    `LISTEN "${secrets['a channel']}"`,
    `SET application_name = '${secrets['the name of the application']}'`,
    `SELECT pg_advisory_lock(${secrets['the number of a lock']})`,
    `SELECT '${secrets['the text of a query']}'`,
  ]) {
    await client.query(sql);
  }
}
