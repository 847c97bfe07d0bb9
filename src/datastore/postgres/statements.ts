import type { PostgresPartition } from './partition.ts';
import type { Write } from './primary.ts';
import { wantedAttributes } from './repair.ts';
import type { ObservedAccess, RepairStep, RoleProperty } from './repair.ts';

type Quote = (identifier: string) => string;

/** The statement of each step. Nothing but quoted identifiers, keywords and numbers gets into one. */
export function repairWrite(partition: PostgresPartition, step: RepairStep): Write {
  switch (step.do) {
    case 'createRole':
    case 'alterRole':
    case 'revokeMembership':
    case 'reassignOwned':
    case 'dropOwned':
      return roleWrite(partition, step);
    case 'createSchema':
    case 'takeSchema':
    case 'revokeSchema':
    case 'grantSchema':
    case 'revokeLanguage':
    case 'setAccess':
      return insideWrite(partition, step);
    default:
      return databaseWrite(partition, step);
  }
}

/** What takes a partition away: access first, then data, then what else hangs on the role, and the role. */
export function deletionWrites(
  partition: PostgresPartition,
  { role, database, memberships, tracesIn }: Omit<ObservedAccess, 'inside'>,
): readonly Write[] {
  const { name } = partition;
  const writes: Write[] = [];
  const repair = (step: RepairStep) => writes.push(repairWrite(partition, step));
  if (role) {
    writes.push({
      verb: 'disable login',
      subject: `of ${name}`,
      sql: (quote) => `ALTER ROLE ${quote(name)} NOLOGIN`,
    });
  }
  if (database?.template) repair({ do: 'unmarkTemplate' });
  if (database) {
    writes.push({
      verb: 'drop database',
      subject: name,
      // Sessions that are in it are ended.
      sql: (quote) => `DROP DATABASE IF EXISTS ${quote(name)} WITH (FORCE)`,
    });
  }
  if (!role) return writes;
  for (const membership of memberships) repair({ do: 'revokeMembership', membership });
  for (const place of tracesIn) {
    repair({ do: 'reassignOwned', database: place });
    repair({ do: 'dropOwned', database: place });
  }
  writes.push({ verb: 'drop role', subject: name, sql: (quote) => `DROP ROLE IF EXISTS ${quote(name)}` });
  return writes;
}

type Step<Do extends RepairStep['do']> = Extract<RepairStep, { readonly do: Do }>;

type RoleStep = Step<'createRole' | 'alterRole' | 'revokeMembership' | 'reassignOwned' | 'dropOwned'>;

function roleWrite(partition: PostgresPartition, step: RoleStep): Write {
  const { name } = partition;
  switch (step.do) {
    case 'createRole': {
      const properties: readonly RoleProperty[] = [...attributes, 'connectionLimit'];
      const sql: Write['sql'] = (quote) => `CREATE ROLE ${quote(name)} ${spell(partition, properties)}`;
      return { verb: 'create role', subject: name, sql };
    }
    case 'alterRole': {
      const sql: Write['sql'] = (quote) => `ALTER ROLE ${quote(name)} ${spell(partition, step.wrong)}`;
      return { verb: 'alter role', subject: name, sql };
    }
    case 'revokeMembership': {
      const { role, member, grantor } = step.membership;
      return {
        verb: 'revoke membership',
        subject: `in ${role} from ${member}`,
        sql: (quote) => `REVOKE ${quote(role)} FROM ${quote(member)} GRANTED BY ${quote(grantor)} CASCADE`,
      };
    }
    case 'reassignOwned':
      return {
        verb: 'reassign owned',
        subject: `by ${name} in ${step.database}`,
        database: step.database,
        sql: (quote) => `REASSIGN OWNED BY ${quote(name)} TO CURRENT_USER`,
      };
    case 'dropOwned':
      return {
        verb: 'revoke grants',
        subject: `of ${name} in ${step.database}`,
        database: step.database,
        // What it owned was given away before; what is left are grants, on objects that all databases share as well.
        sql: (quote) => `DROP OWNED BY ${quote(name)}`,
      };
  }
}

type DatabaseStep = Exclude<RepairStep, RoleStep | InsideStep>;

function databaseWrite({ name }: PostgresPartition, step: DatabaseStep): Write {
  switch (step.do) {
    case 'closeDatabase':
      return {
        verb: 'close database',
        subject: step.database,
        sql: (quote) => `REVOKE CONNECT ON DATABASE ${quote(step.database)} FROM PUBLIC CASCADE`,
      };
    case 'createDatabase':
      return {
        verb: 'create database',
        subject: name,
        // template0 and not template1, in which anything may have been put; keys are compared as octets.
        sql: (quote) =>
          `CREATE DATABASE ${quote(name)} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C' ALLOW_CONNECTIONS false`,
      };
    case 'takeDatabase':
      return {
        verb: 'take database',
        subject: name,
        sql: (quote) => `ALTER DATABASE ${quote(name)} OWNER TO CURRENT_USER`,
      };
    case 'revokeDatabase':
      return {
        verb: 'revoke database',
        subject: `${name} from ${step.grantee ?? 'PUBLIC'}`,
        sql: (quote) =>
          `REVOKE ALL ON DATABASE ${quote(name)} FROM ${spellGrantee(quote, step.grantee)} CASCADE`,
      };
    case 'unmarkTemplate':
      return {
        verb: 'unmark template',
        subject: name,
        sql: (quote) => `ALTER DATABASE ${quote(name)} IS_TEMPLATE false`,
      };
    case 'allowConnections':
      return {
        verb: 'allow connections',
        subject: `to ${name}`,
        sql: (quote) => `ALTER DATABASE ${quote(name)} ALLOW_CONNECTIONS true`,
      };
    case 'grantConnect':
      return {
        verb: 'grant connect',
        subject: `to ${name}`,
        sql: (quote) => `GRANT CONNECT ON DATABASE ${quote(name)} TO ${quote(name)}`,
      };
  }
}

type InsideStep = Step<
  'createSchema' | 'takeSchema' | 'revokeSchema' | 'grantSchema' | 'revokeLanguage' | 'setAccess'
>;

function insideWrite({ name }: PostgresPartition, step: InsideStep): Write {
  const inside = { subject: `in ${name}`, database: name };
  switch (step.do) {
    case 'createSchema':
      return { verb: 'create schema', ...inside, sql: () => 'CREATE SCHEMA public' };
    case 'takeSchema':
      return { verb: 'take schema', ...inside, sql: () => 'ALTER SCHEMA public OWNER TO CURRENT_USER' };
    case 'revokeSchema':
      return {
        verb: 'revoke schema',
        ...inside,
        sql: (quote) => `REVOKE ALL ON SCHEMA public FROM ${spellGrantee(quote, step.grantee)} CASCADE`,
      };
    case 'grantSchema':
      return {
        verb: 'grant schema',
        ...inside,
        // kine makes its table and indexes by itself.
        sql: (quote) => `GRANT USAGE, CREATE ON SCHEMA public TO ${quote(name)}`,
      };
    case 'revokeLanguage':
      return {
        verb: 'revoke language',
        ...inside,
        sql: (quote) =>
          `REVOKE ALL ON LANGUAGE ${quote(step.language)} FROM ${spellGrantee(quote, step.grantee)} CASCADE`,
      };
    case 'setAccess':
      return {
        verb: step.access === 'ReadWrite' ? 'allow writes' : 'forbid writes',
        ...inside,
        // Its owner could take the rights back; kine, which has the only credential, does not.
        sql: (quote) =>
          step.access === 'ReadWrite'
            ? `GRANT ALL ON TABLE public.kine TO ${quote(name)}`
            : // The lock waits for statements that passed before: what they acknowledge is there when this has returned.
              `BEGIN; REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON TABLE public.kine FROM ${quote(name)}; LOCK TABLE public.kine IN SHARE MODE; COMMIT`,
      };
  }
}

const attributes = Object.keys(wantedAttributes) as (keyof typeof wantedAttributes)[];

function spell({ connectionLimit }: PostgresPartition, properties: readonly RoleProperty[]): string {
  const words = properties.map((property) => {
    if (property === 'connectionLimit') return `CONNECTION LIMIT ${connectionLimit}`;
    if (property === 'password') return 'PASSWORD NULL';
    return wantedAttributes[property] ? property.toUpperCase() : `NO${property.toUpperCase()}`;
  });
  return words.join(' ');
}

function spellGrantee(quote: Quote, grantee: string | null): string {
  return grantee === null ? 'PUBLIC' : quote(grantee);
}
