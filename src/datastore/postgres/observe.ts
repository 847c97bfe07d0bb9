import type { PostgresPartition } from './partition.ts';
import { administrativeDatabase } from './connect.ts';
import type { ObservedAccess, ObservedInside, ObservedRole } from './repair.ts';
import type { Primary } from './primary.ts';

/** All that decides who can reach the partition and what its role can reach. */
export async function observe(primary: Primary, partition: PostgresPartition): Promise<ObservedAccess> {
  const shared = await observeShared(primary, partition);
  const inside = shared.database?.connectable ? await observeInside(primary, partition) : undefined;
  return { ...shared, inside };
}

/** The part of it that is not in the partition's own database. */
export async function observeShared(
  primary: Primary,
  { name }: PostgresPartition,
): Promise<Omit<ObservedAccess, 'inside'>> {
  const operation = `read role and database ${name}`;
  const values = [name, administrativeDatabase];
  const [row] = await primary.read<{ readonly seen: SharedFacts }>({ operation, sql: sharedSql, values });
  if (!row) throw new Error('a SELECT without FROM has one row');
  const { role, database, ...seen } = row.seen;
  return { ...seen, role: role ?? undefined, database: database ?? undefined };
}

interface SharedFacts extends Pick<ObservedAccess, 'self' | 'memberships' | 'tracesIn' | 'open'> {
  readonly role: ObservedRole | null;
  readonly database: NonNullable<ObservedAccess['database']> | null;
}

/** One row of JSON: all of it is of one moment. */
const sharedSql = `
  SELECT json_build_object(
    'self', current_user,
    'role', (
      SELECT json_build_object(
        'login', rolcanlogin, 'superuser', rolsuper, 'createdb', rolcreatedb, 'createrole', rolcreaterole,
        'inherit', rolinherit, 'replication', rolreplication, 'bypassrls', rolbypassrls,
        'connectionLimit', rolconnlimit, 'hasPassword', rolpassword IS NOT NULL)
      FROM pg_authid WHERE rolname = $1),
    'memberships', (
      SELECT coalesce(json_agg(json_build_object(
        'role', role.rolname, 'member', member.rolname, 'grantor', coalesce(grantor.rolname, current_user))
        ORDER BY role.rolname, member.rolname), '[]')
      FROM pg_auth_members
      JOIN pg_roles role ON role.oid = roleid
      JOIN pg_roles member ON member.oid = pg_auth_members.member
      LEFT JOIN pg_roles grantor ON grantor.oid = pg_auth_members.grantor
      WHERE member.rolname = $1 OR (role.rolname = $1 AND member.rolname <> current_user)),
    'tracesIn', (
      SELECT coalesce(json_agg(DISTINCT coalesce(place.datname, $2)), '[]')
      FROM pg_shdepend
      LEFT JOIN pg_database place ON place.oid = dbid
      WHERE refclassid = 'pg_authid'::regclass AND refobjid = (SELECT oid FROM pg_roles WHERE rolname = $1)
        AND (place.datname IS NULL OR place.datname <> $1)
        AND NOT (classid = 'pg_database'::regclass AND objid = (SELECT oid FROM pg_database WHERE datname = $1))
        AND classid <> 'pg_auth_members'::regclass),
    'open', (
      SELECT coalesce(json_agg(datname ORDER BY datname), '[]')
      FROM pg_database
      WHERE datallowconn AND datname <> $1 AND EXISTS (
        SELECT FROM aclexplode(coalesce(datacl, acldefault('d', datdba)))
        WHERE grantee = 0 AND privilege_type = 'CONNECT')),
    'database', (
      SELECT json_build_object(
        'owner', pg_get_userbyid(datdba), 'template', datistemplate, 'connectable', datallowconn,
        'grants', ${grantsOf("coalesce(datacl, acldefault('d', datdba))")})
      FROM pg_database WHERE datname = $1)
  ) AS seen`;

async function observeInside(primary: Primary, { name }: PostgresPartition): Promise<ObservedInside> {
  const operation = `read schema and languages in ${name}`;
  const values = [name];
  const [row] = await primary.read<InsideFacts>({ operation, sql: insideSql, values, database: name });
  return {
    schema: row?.schema ?? undefined,
    languages: row?.languages ?? [],
    writable: row?.writable ?? undefined,
  };
}

interface InsideFacts extends Pick<ObservedInside, 'languages'> {
  readonly schema: ObservedInside['schema'] | null;
  readonly writable: boolean | null;
}

const insideSql = `
  SELECT
    (SELECT json_build_object(
        'owner', pg_get_userbyid(nspowner),
        'grants', ${grantsOf("coalesce(nspacl, acldefault('n', nspowner))")})
      FROM pg_namespace WHERE nspname = 'public') AS schema,
    (SELECT coalesce(json_agg(DISTINCT jsonb_build_object('language', lanname, 'grantee', grantee.rolname)), '[]')
      FROM pg_language, aclexplode(coalesce(lanacl, acldefault('l', lanowner))) AS grant_
      LEFT JOIN pg_roles grantee ON grantee.oid = grant_.grantee
      WHERE lanpltrusted AND grant_.grantee <> lanowner) AS languages,
    (SELECT has_table_privilege($1, oid, 'INSERT') FROM pg_class WHERE oid = to_regclass('public.kine')) AS writable`;

/** An expression: the JSON of a list of `Grant`s. */
function grantsOf(acl: string): string {
  return `(
    SELECT coalesce(json_agg(json_build_object(
      'grantee', grantee.rolname, 'privilege', privilege_type, 'grantable', is_grantable)), '[]')
    FROM aclexplode(${acl}) AS acl
    LEFT JOIN pg_roles grantee ON grantee.oid = acl.grantee)`;
}
