import type { PartitionAccess } from '../driver.ts';
import type { PostgresPartition } from './partition.ts';

/** What somebody may do to something. `grantee` is null for PUBLIC, that is everybody. */
export interface Grant {
  readonly grantee: string | null;
  readonly privilege: string;
  readonly grantable: boolean;
}

/** Attributes of a role that say what it may do in the whole server, as their keywords of `ALTER ROLE`. */
export interface RoleAttributes {
  readonly login: boolean;
  readonly superuser: boolean;
  readonly createdb: boolean;
  readonly createrole: boolean;
  readonly inherit: boolean;
  readonly replication: boolean;
  readonly bypassrls: boolean;
}

export interface ObservedRole extends RoleAttributes {
  readonly connectionLimit: number;
  readonly hasPassword: boolean;
}

export interface Membership {
  readonly role: string;
  readonly member: string;
  readonly grantor: string;
}

export interface ObservedDatabase {
  readonly owner: string;
  readonly template: boolean;
  readonly connectable: boolean;
  readonly grants: readonly Grant[];
}

/** What only those see who are connected to the partition's database. */
export interface ObservedInside {
  /** Owner of the schema `public`, and rights on it; undefined where it was dropped. */
  readonly schema: { readonly owner: string; readonly grants: readonly Grant[] } | undefined;
  /** Languages that others than their owners may write functions in. */
  readonly languages: readonly { readonly language: string; readonly grantee: string | null }[];
  /** Whether the tenant may write into kine's table; undefined while there is none. */
  readonly writable: boolean | undefined;
}

/** What a server says of a partition; undefined where there is nothing. */
export interface ObservedAccess {
  /** Marina's own role. */
  readonly self: string;
  readonly role: ObservedRole | undefined;
  /** In which the partition's role is the role or the member, but Marina's own in it. */
  readonly memberships: readonly Membership[];
  /** Databases in which the role owns something or has been granted something, but its own. */
  readonly tracesIn: readonly string[];
  /** Other databases that PUBLIC may connect to. */
  readonly open: readonly string[];
  readonly database: ObservedDatabase | undefined;
  /** Undefined also while nobody can connect to the database. */
  readonly inside: ObservedInside | undefined;
}

export type RepairStep =
  | { readonly do: 'closeDatabase'; readonly database: string }
  | { readonly do: 'revokeMembership'; readonly membership: Membership }
  | { readonly do: 'reassignOwned'; readonly database: string }
  | { readonly do: 'dropOwned'; readonly database: string }
  | { readonly do: 'createRole' }
  | { readonly do: 'alterRole'; readonly wrong: readonly RoleProperty[] }
  | { readonly do: 'createDatabase' }
  | { readonly do: 'takeDatabase' }
  | { readonly do: 'revokeDatabase'; readonly grantee: string | null }
  | { readonly do: 'unmarkTemplate' }
  | { readonly do: 'allowConnections' }
  | { readonly do: 'createSchema' }
  | { readonly do: 'takeSchema' }
  | { readonly do: 'revokeSchema'; readonly grantee: string | null }
  | { readonly do: 'revokeLanguage'; readonly language: string; readonly grantee: string | null }
  | { readonly do: 'grantSchema' }
  | { readonly do: 'setAccess'; readonly access: PartitionAccess }
  | { readonly do: 'grantConnect' };

export type RoleProperty = keyof RoleAttributes | 'connectionLimit' | 'password';

export const wantedAttributes: RoleAttributes = {
  login: true,
  superuser: false,
  createdb: false,
  createrole: false,
  inherit: false,
  replication: false,
  bypassrls: false,
};

/**
 * The way from what there is to what is wanted, as far as can be seen: what is inside a database that is yet to be made, or that nobody
 * can connect to, is seen and repaired in a next round. What is too much goes first; the right to connect is given last, when the
 * database is fit for its tenant.
 */
export function planRepair(
  partition: PostgresPartition,
  observed: ObservedAccess,
  access: PartitionAccess = 'ReadWrite',
): readonly RepairStep[] {
  const steps: RepairStep[] = observed.open.map((database) => ({ do: 'closeDatabase', database }));
  for (const membership of observed.memberships) steps.push({ do: 'revokeMembership', membership });
  for (const database of observed.tracesIn) {
    steps.push({ do: 'reassignOwned', database }, { do: 'dropOwned', database });
  }
  return [...steps, ...planRole(partition, observed.role), ...planDatabase(partition, observed, access)];
}

function planRole({ connectionLimit }: PostgresPartition, role: ObservedRole | undefined): RepairStep[] {
  if (!role) return [{ do: 'createRole' }];
  const attributes = Object.keys(wantedAttributes) as (keyof RoleAttributes)[];
  const wrong: RoleProperty[] = attributes.filter((name) => role[name] !== wantedAttributes[name]);
  if (role.connectionLimit !== connectionLimit) wrong.push('connectionLimit');
  if (role.hasPassword) wrong.push('password');
  return wrong.length === 0 ? [] : [{ do: 'alterRole', wrong }];
}

function planDatabase(
  partition: PostgresPartition,
  observed: ObservedAccess,
  access: PartitionAccess,
): RepairStep[] {
  const { database, inside, self } = observed;
  // Nobody can connect to it before it is closed to all but its tenant: a session from that moment would stay.
  if (!database) {
    return [{ do: 'createDatabase' }, { do: 'revokeDatabase', grantee: null }, { do: 'allowConnections' }];
  }
  const steps: RepairStep[] = [];
  if (database.owner !== self) steps.push({ do: 'takeDatabase' });
  const tooMuch = tooMuchOf(database.grants, { [partition.name]: ['CONNECT'], [self]: undefined });
  for (const grantee of tooMuch) steps.push({ do: 'revokeDatabase', grantee });
  if (database.template) steps.push({ do: 'unmarkTemplate' });
  if (!database.connectable) steps.push({ do: 'allowConnections' });
  if (!inside) return steps;
  steps.push(...planInside(partition, inside, self));
  if (inside.writable !== undefined && inside.writable !== (access === 'ReadWrite')) {
    steps.push({ do: 'setAccess', access });
  }
  if (tooMuch.includes(partition.name) || !has(database.grants, partition.name, 'CONNECT')) {
    steps.push({ do: 'grantConnect' });
  }
  return steps;
}

function planInside({ name }: PostgresPartition, inside: ObservedInside, self: string): RepairStep[] {
  const { schema, languages } = inside;
  const steps: RepairStep[] = languages.map((grant) => ({ do: 'revokeLanguage', ...grant }));
  if (!schema) return [...steps, { do: 'createSchema' }, { do: 'grantSchema' }];
  if (schema.owner !== self) steps.push({ do: 'takeSchema' });
  const tooMuch = tooMuchOf(schema.grants, { [name]: ['USAGE', 'CREATE'], [self]: undefined });
  for (const grantee of tooMuch) {
    // Rights of the owner before go with the ownership.
    if (grantee !== schema.owner) steps.push({ do: 'revokeSchema', grantee });
  }
  const isComplete = has(schema.grants, name, 'USAGE') && has(schema.grants, name, 'CREATE');
  if (tooMuch.includes(name) || !isComplete) steps.push({ do: 'grantSchema' });
  return steps;
}

/** Who has more than `allowed`; undefined stands for all there is, and nobody may pass on what he has. */
function tooMuchOf(
  grants: readonly Grant[],
  allowed: Readonly<Record<string, readonly string[] | undefined>>,
): readonly (string | null)[] {
  const found = new Set<string | null>();
  for (const { grantee, privilege, grantable } of grants) {
    if (grantee === null || !Object.hasOwn(allowed, grantee)) {
      found.add(grantee);
      continue;
    }
    const privileges = allowed[grantee];
    if (privileges && (grantable || !privileges.includes(privilege))) found.add(grantee);
  }
  return [...found];
}

function has(grants: readonly Grant[], grantee: string, privilege: string): boolean {
  return grants.some((grant) => grant.grantee === grantee && grant.privilege === privilege);
}
