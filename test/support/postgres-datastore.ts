import { randomBytes } from 'node:crypto';
import pg from 'pg';
import type {
  DataStoreHarness,
  DataStoreKind,
  TenantConnection,
} from '../../src/datastore/driver.conformance.ts';
import type { PostgresConnection } from '../../src/datastore/driver.ts';
import { issueStoreAccess } from '../../src/datastore/access.ts';
import { generateKeyPair, newSerialNumber } from '../../src/pki/keys.ts';
import { validityFrom } from '../../src/pki/validity.ts';
import { createAuthority, createLeaf } from './certificates.ts';
import type { Credential } from './certificates.ts';
import { freePort } from './ports.ts';
import {
  administration,
  findLeaks,
  notRefused,
  outcomeOf,
  trespasses,
  vainAttempts,
} from './postgres-escapes.ts';
import { takeSnapshot } from './postgres-snapshot.ts';
import { startPostgres } from './postgres.ts';
import type { PostgresServer } from './postgres.ts';

type Reachable = Pick<PostgresServer, 'endpoints' | 'ca'>;

/** What Marina knows of a DataStore. */
export function postgresConnection(server: Reachable & Pick<PostgresServer, 'root'>): PostgresConnection {
  return postgresConnectionAs(server, server.root);
}

export function postgresConnectionAs(
  { endpoints, ca }: Reachable,
  { certificate, privateKey }: Credential,
): PostgresConnection {
  return {
    driver: 'postgres',
    endpoints,
    certificateAuthority: ca.certificate,
    certificateAuthorityKey: ca.privateKey,
    clientCertificate: certificate,
    clientKey: privateKey,
  };
}

/** The credential that Marina gives a tenant's kine. */
export async function postgresCredential(
  { ca }: Pick<PostgresServer, 'ca'>,
  id: string,
): Promise<Credential> {
  const { publicKey, privateKey } = await generateKeyPair('ECDSA-P256');
  const validity = validityFrom(new Date(), 60 * 60 * 1000);
  const serialNumber = newSerialNumber(randomBytes);
  return { certificate: issueStoreAccess(ca, id, { publicKey, serialNumber, ...validity }), privateKey };
}

interface PostgresHarness extends DataStoreHarness {
  readonly server: PostgresServer;
  readonly administrator: pg.Client;
}

/** A role and a database whose names have all that makes names dangerous. */
const oddName = 'a"; DROP ROLE a; --\' ü';

export const postgresKind: DataStoreKind = {
  name: 'Postgres',
  compaction: 'leftToTenants',
  start: startHarness,
  damages: damages(),
};

async function startHarness(): Promise<PostgresHarness> {
  // Any tenant may knock at any database here: what keeps it out are rights alone.
  const accessRules = ['local all postgres trust', 'hostssl all all all cert'];
  const server = await startPostgres({ accessRules });
  const administrator = await server.connect();
  await plantBystanders(server, administrator);
  const root = postgresConnection(server);
  const foreign = await createAuthority('foreign-ca');
  const unused = `127.0.0.1:${await freePort()}`;
  return {
    server,
    administrator,
    root,
    partlyDead: { ...root, endpoints: [unused, ...server.endpoints] },
    faulty: {
      unreachable: { ...root, endpoints: [unused] },
      foreignCertificate: postgresConnectionAs(server, await createLeaf(foreign, { commonName: 'postgres' })),
      foreignServer: { ...root, certificateAuthority: foreign.certificate },
      unknownUser: postgresConnectionAs(server, await server.clientCertificateFor('nobody')),
    },
    connectTenant: (id) => connectTenant(server, id),
    snapshot: () => takeSnapshot(server),
    async fill(id, count) {
      const client = await server.connect(id);
      try {
        await client.query(`SET ROLE ${pg.escapeIdentifier(id)}`);
        await client.query(tableSql);
        const numbers = 'generate_series(0, $1::int - 1) AS number';
        const from = `(SELECT $2 || number, 'value' FROM ${numbers})`;
        await client.query(insertSql(from), [count, `/${id}/key-`]);
      } finally {
        await client.end();
      }
    },
    async [Symbol.asyncDispose]() {
      await administrator.end();
      await server.stop();
    },
  };
}

/** Roles and databases of others, closed to the public as the driver would close them at its first call. */
async function plantBystanders(server: PostgresServer, administrator: pg.Client): Promise<void> {
  const odd = pg.escapeIdentifier(oddName);
  const names = ['management', oddName, 'a'.repeat(63)];
  await administrator.query(`CREATE ROLE app LOGIN`);
  await administrator.query(`CREATE ROLE ${odd} LOGIN`);
  for (const name of names)
    await administrator.query(`CREATE DATABASE ${pg.escapeIdentifier(name)} OWNER app`);
  for (const name of [...names, 'postgres', 'template1']) {
    await administrator.query(`REVOKE CONNECT ON DATABASE ${pg.escapeIdentifier(name)} FROM PUBLIC`);
  }
  const client = await server.connect('management');
  await client.query(`CREATE TABLE secrets AS SELECT 'untouched' AS value`);
  await client.end();
}

/** As kine 0.16 makes it, with the index that lists go by. */
const tableSql = `
  CREATE TABLE IF NOT EXISTS kine (
    id BIGSERIAL PRIMARY KEY, name text COLLATE "C", created INTEGER, deleted INTEGER, create_revision BIGINT,
    prev_revision BIGINT, lease INTEGER, value bytea, old_value bytea);
  CREATE INDEX IF NOT EXISTS kine_list_query_index ON kine (name, id DESC, deleted);`;

/** One revision of each name of a FROM clause of `name` and `value`. */
function insertSql(from: string): string {
  return `
    INSERT INTO kine (name, value, created, deleted, create_revision, prev_revision, lease)
    SELECT name, convert_to(value, 'UTF8'), 1, 0, 0, 0, 0 FROM ${from} AS row (name, value)`;
}

async function connectTenant(server: PostgresServer, id: string): Promise<TenantConnection> {
  const credential = await postgresCredential(server, id);
  const client = await server.connect(id, credential);
  await client.query(tableSql);
  return {
    async write(name, value) {
      await client.query(insertSql('(VALUES ($1::text, $2::text))'), [`/${id}/${name}`, value]);
    },
    async read(name) {
      const { rows } = await client.query<{ readonly value: string }>(
        "SELECT encode(value, 'escape') AS value FROM kine WHERE name = $1 ORDER BY id DESC LIMIT 1",
        [`/${id}/${name}`],
      );
      return rows[0]?.value;
    },
    async tryToEscape(others) {
      const escapes = [...(await notRefused(client, administration(id)))];
      for (const other of others) {
        const neighbour = await server.connect(other, await postgresCredential(server, other));
        const { rows } = await neighbour.query<{ readonly pid: number }>('SELECT pg_backend_pid() AS pid');
        escapes.push(...(await notRefused(client, trespasses(id, other, rows[0]?.pid ?? 0))));
        escapes.push(...(await findLeaks(client)));
        await neighbour.end();
      }
      for (const sql of vainAttempts(id, others)) await client.query(sql);
      escapes.push(...(await tryToConnect(server, credential, others)));
      return escapes;
    },
    async [Symbol.asyncDispose]() {
      await client.end();
    },
  };
}

/** To every other database, and as everybody else, with a tenant's certificate. */
async function tryToConnect(
  server: PostgresServer,
  credential: Credential,
  others: readonly string[],
): Promise<readonly string[]> {
  const escapes: string[] = [];
  const expect = async (name: string, state: string, attempt: Promise<pg.Client>) => {
    const outcome = await outcomeOf(attempt);
    if (outcome.state === state) return;
    escapes.push(`${name}: ${outcome.text}`);
    if (outcome.text === 'allowed') await (await attempt).end();
  };
  for (const database of [...others, 'postgres', 'template1', 'management', oddName]) {
    await expect(`connect to ${database}`, '42501', server.connect(database, credential));
  }
  await expect('connect to template0', '55000', server.connect('template0', credential));
  for (const user of [...others, 'postgres', 'app']) {
    await expect(`be ${user}`, '28000', server.connect('postgres', credential, user));
  }
  return escapes;
}

function damages(): DataStoreKind['damages'] {
  type Damage = (harness: PostgresHarness, id: string) => Promise<void>;
  /** `$` stands for the quoted name of role and database. */
  const run = (...statements: readonly string[]): Damage => {
    return async ({ administrator }, id) => {
      for (const sql of statements) await administrator.query(sql.replaceAll('$', pg.escapeIdentifier(id)));
    };
  };
  const runInside = (database: string | undefined, ...statements: readonly string[]): Damage => {
    return async ({ server }, id) => {
      const client = await server.connect(database ?? id);
      for (const sql of statements) await client.query(sql.replaceAll('$', pg.escapeIdentifier(id)));
      await client.end();
    };
  };
  const odd = pg.escapeIdentifier(oddName);
  const list: Record<string, Damage> = {
    'no database': run('DROP DATABASE $'),
    'no role': async (harness, id) => {
      await runInside(undefined, 'DROP OWNED BY $')(harness, id);
      await run('DROP ROLE $')(harness, id);
    },
    'neither role nor database': run('DROP DATABASE $', 'DROP ROLE $'),
    'a role that cannot log in': run('ALTER ROLE $ NOLOGIN'),
    'a superuser': run('ALTER ROLE $ SUPERUSER CREATEDB CREATEROLE REPLICATION BYPASSRLS INHERIT'),
    'no connection limit': run('ALTER ROLE $ CONNECTION LIMIT -1'),
    'a password': run("ALTER ROLE $ PASSWORD 'let me in'"),
    'a member of others': run('GRANT app, pg_execute_server_program TO $'),
    'a member that may admit others': run('GRANT app TO $ WITH ADMIN OPTION'),
    'others as members': run(`GRANT $ TO ${odd}`),
    'a database of the tenant’s own': run('ALTER DATABASE $ OWNER TO $'),
    'a database of somebody else': run('ALTER DATABASE $ OWNER TO app'),
    'a database for everybody': run('GRANT ALL ON DATABASE $ TO PUBLIC'),
    'a database for a neighbour as well': run(`GRANT CONNECT ON DATABASE $ TO ${odd} WITH GRANT OPTION`),
    'too many rights on the database': run('GRANT CREATE, TEMPORARY ON DATABASE $ TO $'),
    'a right that can be passed on': run('GRANT CONNECT ON DATABASE $ TO $ WITH GRANT OPTION'),
    'no right to connect': run('REVOKE CONNECT ON DATABASE $ FROM $'),
    'a template': run('ALTER DATABASE $ IS_TEMPLATE true'),
    'a database that nobody can connect to': run('ALTER DATABASE $ ALLOW_CONNECTIONS false'),
    'a database as it is right after it was made': run(
      'DROP DATABASE $',
      'CREATE DATABASE $ TEMPLATE template0 ALLOW_CONNECTIONS false',
    ),
    'no schema': runInside(undefined, 'DROP SCHEMA public'),
    'a schema of the tenant’s own': runInside(undefined, 'ALTER SCHEMA public OWNER TO $'),
    'a schema for everybody': runInside(undefined, 'GRANT ALL ON SCHEMA public TO PUBLIC'),
    'no right to make a table': runInside(undefined, 'REVOKE CREATE ON SCHEMA public FROM $'),
    functions: runInside(undefined, 'GRANT USAGE ON LANGUAGE plpgsql TO PUBLIC'),
    'functions for one': runInside(undefined, 'GRANT USAGE ON LANGUAGE sql TO $'),
    'rights in another database': run('GRANT CONNECT ON DATABASE management TO $'),
    'another database of its own': run(
      `ALTER DATABASE ${odd} OWNER TO $`,
      `ALTER DATABASE ${odd} OWNER TO app`,
      `GRANT ALL ON DATABASE ${odd} TO $`,
    ),
    'rights on a table elsewhere': runInside('management', 'GRANT SELECT ON secrets TO $'),
    'settings for superusers': run(
      'GRANT SET ON PARAMETER log_statement TO $',
      'GRANT ALTER SYSTEM ON PARAMETER work_mem TO $',
    ),
    'another database that is open to all': run('GRANT CONNECT ON DATABASE management TO PUBLIC'),
  };
  return Object.fromEntries(
    Object.entries(list).map(([name, damage]) => [
      name,
      (harness: DataStoreHarness, id: string) => damage(harness as PostgresHarness, id),
    ]),
  );
}
