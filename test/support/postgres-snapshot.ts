import type pg from 'pg';
import type { PostgresServer } from './postgres.ts';

/** Facts that all databases share; each statement has one column of text. */
const shared = [
  `SELECT format('role %s: %s', rolname, to_jsonb(pg_authid) - 'oid' - 'rolname' - 'rolpassword' || jsonb_build_object('password', rolpassword IS NOT NULL)) FROM pg_authid WHERE rolname !~ '^pg_'`,
  `SELECT format('member %s of %s, admin %s', member::regrole, roleid::regrole, admin_option)
    FROM pg_auth_members WHERE (roleid::regrole::text || member::regrole::text) !~ '^pg_.*pg_'`,
  `SELECT format('database %s of %s: template %s, connectable %s, limit %s', datname, datdba::regrole, datistemplate, datallowconn, datconnlimit)
    FROM pg_database`,
  `SELECT format('database %s: %s may %s, grantable %s', datname, grantee::regrole, privilege_type, is_grantable)
    FROM pg_database, aclexplode(coalesce(datacl, acldefault('d', datdba)))`,
  `SELECT format('parameter %s: %s', parname, paracl) FROM pg_parameter_acl`,
  `SELECT format('setting %s %s: %s', setdatabase <> 0, setrole::regrole, setconfig) FROM pg_db_role_setting`,
  `SELECT format('tablespace %s: %s', spcname, spcacl) FROM pg_tablespace`,
];

const inside = [
  `SELECT format('schema %s of %s', nspname, nspowner::regrole) FROM pg_namespace WHERE nspname !~ '^pg_t'`,
  `SELECT format('schema %s: %s may %s', nspname, grantee::regrole, privilege_type)
    FROM pg_namespace, aclexplode(coalesce(nspacl, acldefault('n', nspowner))) WHERE nspname !~ '^pg_t'`,
  `SELECT format('language %s: %s may %s', lanname, grantee::regrole, privilege_type)
    FROM pg_language, aclexplode(coalesce(lanacl, acldefault('l', lanowner)))`,
  `SELECT format('relation %s of %s: %s', pg_class.oid::regclass, relowner::regrole,
      coalesce(relacl, acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relowner)))
    FROM pg_class WHERE relnamespace IN (SELECT oid FROM pg_namespace WHERE nspname !~ '^(pg_|information_schema)')`,
  `SELECT format('function %s', pg_proc.oid::regprocedure)
    FROM pg_proc WHERE pronamespace IN (SELECT oid FROM pg_namespace WHERE nspname !~ '^(pg_|information_schema)')`,
  `SELECT format('extension %s', extname) FROM pg_extension`,
  `SELECT format('large object %s', oid) FROM pg_largeobject_metadata`,
];

const keys = `
  SELECT format('key %s: %s', name, encode(value, 'escape'))
  FROM (SELECT DISTINCT ON (name) * FROM public.kine ORDER BY name, id DESC) AS latest WHERE deleted = 0`;

/** All that is in the server and that anybody decides: roles, rights, databases and what is in them. */
export async function takeSnapshot(server: PostgresServer): Promise<readonly string[]> {
  const client = await server.connect();
  const facts = await factsOf(client, shared);
  const { rows } = await client.query<{ readonly datname: string }>(
    'SELECT datname FROM pg_database WHERE datallowconn',
  );
  await client.end();
  for (const { datname } of rows) {
    const within = await server.connect(datname);
    const found = await factsOf(within, inside);
    if (found.some((fact) => fact.startsWith('relation kine of')))
      found.push(...(await factsOf(within, [keys])));
    facts.push(...found.map((fact) => `${datname}: ${fact}`));
    await within.end();
  }
  return facts.toSorted();
}

async function factsOf(client: pg.Client, statements: readonly string[]): Promise<string[]> {
  const text = statements.join('\nUNION ALL ');
  const { rows } = await client.query<[string]>({ text, rowMode: 'array' });
  return rows.map(([fact]) => fact);
}
