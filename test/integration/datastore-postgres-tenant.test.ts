import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import pg from 'pg';
import { openDataStore } from '../../src/datastore/open.ts';
import type { DataStoreDriver } from '../../src/datastore/driver.ts';
import { postgresConnection, postgresCredential } from '../support/postgres-datastore.ts';
import { administration, notRefused, outcomeOf } from '../support/postgres-escapes.ts';
import { startPostgres } from '../support/postgres.ts';
import type { PostgresServer } from '../support/postgres.ts';
import { waitUntil } from '../support/wait-until.ts';

jest.setTimeout(60_000);

const id = 'tenant';
const neighbour = 'neighbour';

let server: PostgresServer;
let driver: DataStoreDriver;
let administrator: pg.Client;
let tenant: pg.Client;
const started = new AsyncDisposableStack();

async function connectAs(who: string, to = server): Promise<pg.Client> {
  const client = await to.connect(who, await postgresCredential(to, who));
  return started.adopt(client, (open) => open.end().catch(() => undefined));
}

beforeAll(async () => {
  server = started.use(await startPostgres());
  administrator = started.adopt(await server.connect(), (client) => client.end());
  await administrator.query('CREATE DATABASE management');
  driver = started.adopt(openDataStore(postgresConnection(server)), (open) => open.close());
  await driver.ensurePartition(id);
  await driver.ensurePartition(neighbour);
  tenant = await connectAs(id);
  await tenant.query('CREATE TABLE own (value text)');
});

afterAll(() => started.disposeAsync());

it('every database that was there is closed to the public by the first partition', async () => {
  const { rows } = await administrator.query<{ readonly datname: string }>(`
    SELECT datname FROM pg_database, aclexplode(coalesce(datacl, acldefault('d', datdba)))
    WHERE datallowconn AND grantee = 0`);
  // Temporary tables are for those who can connect.
  const { rows: connecting } = await administrator.query(`
    SELECT datname FROM pg_database, aclexplode(coalesce(datacl, acldefault('d', datdba)))
    WHERE datallowconn AND grantee = 0 AND privilege_type = 'CONNECT'`);
  expect(connecting).toEqual([]);
  expect(rows.map((row) => row.datname)).not.toContain(id);
});

it('pg_hba.conf alone keeps a tenant out of all databases but its own', async () => {
  const credential = await postgresCredential(server, id);
  for (const database of [neighbour, 'management', 'postgres', 'template1']) {
    const outcome = await outcomeOf(server.connect(database, credential));
    expect(outcome).toMatchObject({ state: '28000', text: expect.stringContaining('no pg_hba.conf entry') });
  }
});

it('a certificate is good for the role that it names, and for no other', async () => {
  const credential = await postgresCredential(server, id);
  const outcome = await outcomeOf(server.connect(neighbour, credential, neighbour));
  expect(outcome).toMatchObject({
    state: '28000',
    text: expect.stringContaining('certificate authentication failed'),
  });
});

it('the credential of one store is worth nothing on another, and nobody comes in without', async () => {
  await using other = await startPostgres();
  const elsewhere = openDataStore(postgresConnection(other));
  await elsewhere.ensurePartition(id);
  await elsewhere.close();
  const stranger = await postgresCredential(server, id);
  await expect(other.connect(id, stranger)).rejects.toThrow(/alert unknown ca/);

  const { host, port } = new URL(`tcp://${server.endpoints[0]}`);
  const bare = { host: host.replace(/:\d+$/, ''), port: Number(port), user: id, database: id };
  const withoutCertificate = new pg.Client({ ...bare, ssl: { ca: server.ca.certificate } });
  await expect(withoutCertificate.connect()).rejects.toThrow(/certificate/);
  const withoutTls = new pg.Client(bare);
  await expect(withoutTls.connect()).rejects.toThrow(/no pg_hba.conf entry .* no encryption/);
});

it('a password that a tenant gives itself opens nothing, and is taken away', async () => {
  await tenant.query(`ALTER ROLE CURRENT_USER PASSWORD 'let me in'`);
  const { host, port } = new URL(`tcp://${server.endpoints[0]}`);
  const client = new pg.Client({
    host: host.replace(/:\d+$/, ''),
    port: Number(port),
    user: id,
    database: id,
    password: 'let me in',
    ssl: { ca: server.ca.certificate },
  });
  await expect(client.connect()).rejects.toThrow(/certificate/);
  expect(await driver.ensurePartition(id)).toEqual({ changed: true });
  expect(await driver.ensurePartition(id)).toEqual({ changed: false });
});

it('locks, notifications and large objects end at the database', async () => {
  const other = await connectAs(neighbour);
  await other.query('SELECT pg_advisory_lock(42)');
  const { rows } = await tenant.query('SELECT pg_try_advisory_lock(42) AS free');
  expect(rows).toEqual([{ free: true }]);

  const heard: string[] = [];
  other.on('notification', ({ payload }) => heard.push(payload ?? ''));
  await other.query('LISTEN channel');
  await tenant.query("NOTIFY channel, 'from the tenant'");
  await other.query("NOTIFY channel, 'from itself'");
  await waitUntil('the own notification arrives', async () => heard.length > 0);
  expect(heard).toEqual(['from itself']);

  const { rows: made } = await other.query<{ readonly oid: number }>(
    "SELECT lo_from_bytea(0, 'secret') AS oid",
  );
  const outcome = await outcomeOf(tenant.query('SELECT lo_get($1)', [made[0]?.oid]));
  expect(outcome.state).toBe('42704');
});

it('a tenant that takes all of its connections leaves those of others', async () => {
  const all: pg.Client[] = [];
  const exhaust = async () => {
    for (let count = 0; count < 40; count += 1) all.push(await connectAs(id));
  };
  expect(await outcomeOf(exhaust())).toMatchObject({
    state: '53300',
    text: expect.stringContaining(`too many connections for role "${id}"`),
  });
  expect(all.length).toBeLessThan(24);
  expect((await (await connectAs(neighbour)).query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  expect(await driver.ensurePartition(id)).toEqual({ changed: false });
  await Promise.all(all.map((client) => client.end()));
});

it('what a tenant puts into its database is never used with Marina’s rights', async () => {
  // Reading the server's files is for superusers; as one, the count would be 1.
  await tenant.query(`
    CREATE VIEW kine AS
    SELECT '/${id}/' || length(pg_read_file('PG_VERSION')) AS name, 1 AS id, 0 AS deleted`);
  await tenant.query(`CREATE VIEW pg_roles AS SELECT 'nobody' AS rolname`);
  await tenant.query(`CREATE VIEW pg_database AS SELECT 'nothing' AS datname`);
  expect(await driver.inspectPartition(id)).toMatchObject({ userExists: true, roleExists: true, keys: 0 });
  expect(await driver.ensurePartition(id)).toEqual({ changed: false });
  await tenant.query('DROP VIEW kine, public.pg_roles, public.pg_database');
});

it('a tenant that locks and lingers holds up neither repair nor deletion, of itself or of others', async () => {
  const lingering = await connectAs(neighbour);
  await lingering.query('CREATE TABLE kine (id int)');
  await lingering.query('BEGIN');
  await lingering.query('LOCK TABLE kine IN ACCESS EXCLUSIVE MODE');
  await lingering.query(`SELECT pg_advisory_lock(hashtextextended('marina.dev/partition/${neighbour}', 0))`);
  const begun = performance.now();
  expect(await driver.ensurePartition(neighbour)).toEqual({ changed: false });
  await driver.deletePartition(neighbour);
  expect(performance.now() - begun).toBeLessThan(5000);
  await expect(lingering.query('COMMIT')).rejects.toThrow();
});

// What shows that each attempt of the conformance suite is one that is refused for want of rights alone. The server is no good afterwards.
it('the very statements that are refused to a tenant are not refused to a superuser', async () => {
  const attempts = administration(id);
  await tenant.query('CREATE TABLE IF NOT EXISTS kine (name text)');
  expect(await notRefused(tenant, attempts)).toEqual([]);
  await tenant.end();
  const root = await server.connect(id);
  const refused: string[] = [];
  for (const [name, attempt] of Object.entries(attempts)) {
    const { state } = await outcomeOf(root.query(typeof attempt === 'string' ? attempt : attempt.sql));
    if (state === '42501') refused.push(name);
    await root.query('ROLLBACK; RESET ROLE; RESET SESSION AUTHORIZATION');
  }
  await root.end();
  expect(refused).toEqual([]);
});
