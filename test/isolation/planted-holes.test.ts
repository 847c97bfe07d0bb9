import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { KeyRange } from '../support/etcd-escapes.ts';
import { range } from '../support/etcd-escapes.ts';
import { recordFigure } from '../support/figures.ts';
import { form } from '../support/form.ts';
import { administration, findLeaks, notRefused, trespasses } from '../support/postgres-escapes.ts';
import type { Answer, Call } from './etcd-caller.ts';
import { keyForms, tryForeignKeys, undenied } from './etcd-checks.ts';
import { storeCalls } from './etcd-store-calls.ts';
import { startEtcdWorld } from './etcd-world.ts';
import type { EtcdTenant, EtcdWorld } from './etcd-world.ts';
import { tryToConnect } from './postgres-checks.ts';
import { plantSecrets, secrets } from './postgres-secrets.ts';
import { sweep } from './postgres-sweep.ts';
import { startPostgresWorld } from './postgres-world.ts';
import type { PostgresWorld } from './postgres-world.ts';

jest.setTimeout(600_000);

const [id, other] = ['a', 'aa'];
const started = new AsyncDisposableStack();
let found = 0;
let planted = 0;

afterAll(async () => {
  recordFigure('planted holes found', `${found} of ${planted}`);
  await started.disposeAsync();
});

/** The suite is trusted for as long as it notices a wall that has a hole. */
describe('a hole in etcd', () => {
  let world: EtcdWorld;

  beforeAll(async () => {
    world = started.use(await startEtcdWorld([id, other]));
  });

  interface Hole {
    readonly permission: 'READ' | 'WRITE' | 'READWRITE';
    readonly on: KeyRange;
    /** An escape that must be named, among others. */
    readonly seenAs: string;
  }

  const holes: Readonly<Record<string, Hole>> = {
    'a range that is open at the top': {
      permission: 'READWRITE',
      on: range(`/${id}/`, '\0'),
      seenAs: 'from the own start on: delete: allowed',
    },
    // CVE-2024-42480.
    'a prefix without its slash': {
      permission: 'READWRITE',
      on: range(`/${id}`, '/b'),
      seenAs: `one key of ${other}: put: allowed`,
    },
    'the partition of a neighbour, to read': {
      permission: 'READ',
      on: range(`/${other}/`, `/${other}0`),
      seenAs: `all of ${other}: watch: allowed`,
    },
    'one key of a neighbour, to write': {
      permission: 'WRITE',
      on: range(`/${other}/leased`),
      seenAs: `the leased key of ${other}: put: allowed`,
    },
    'one key too many': {
      permission: 'READ',
      on: range(`/${id}0`),
      seenAs: 'the key after the own range: compare version: allowed',
    },
    'all keys from the compaction key on': {
      permission: 'READ',
      on: range('compact_rev_key', '\0'),
      seenAs: 'all after the compaction key: range: allowed',
    },
    'the whole store': {
      permission: 'READWRITE',
      on: range('\0', '\0'),
      seenAs: 'the whole store: watch: allowed',
    },
  };

  it.each(Object.entries(holes))('is found: %s', async (_, { permission, on, seenAs }) => {
    const escapes = await withHole(
      auth('RoleGrantPermission', { name: id, perm: { permType: permission, ...on } }),
      // By exactly this range: the permission on its own partition stays.
      auth('RoleRevokePermission', { role: id, ...on }),
      () => foreignKeys(),
    );

    expectFound(escapes, seenAs);
  });

  it.each([
    ['the role of a neighbour', other, `all of ${other}: range: allowed`],
    ['the role root', 'root', 'the whole store: range: allowed'],
  ])('is found: %s', async (_, role, seenAs) => {
    const escapes = await withHole(
      auth('UserGrantRole', { user: id, role }),
      auth('UserRevokeRole', { name: id, role }),
      () => foreignKeys(),
    );

    expectFound(escapes, seenAs);
  });

  it('is found: authentication is off', async () => {
    const { own, caller } = tenant();
    // Those that leave the store as it is.
    const harmless = ['list users', 'list leases', 'hash of the keys', 'snapshot', 'validate a downgrade'];
    const calls = Object.entries(storeCalls(id, own)).filter(([name]) => harmless.includes(name));

    const outcomes = await withHole(auth('AuthDisable'), auth('AuthEnable'), () =>
      undenied(caller, Object.fromEntries(calls)),
    );

    expectFound(Object.keys(outcomes), 'list users');
  });

  it('that is closed is found no more', async () => {
    expect(await foreignKeys()).toEqual([]);
  });

  async function withHole<T>(plant: Call, remove: Call, look: () => Promise<T>): Promise<T> {
    await world.administrator.ask(plant);
    try {
      return await look();
    } finally {
      await world.administrator.ask(remove);
    }
  }

  async function foreignKeys(): Promise<readonly string[]> {
    const neighbours = world.tenants.filter((each) => each !== tenant());
    return (await tryForeignKeys(tenant(), neighbours, form === 'long' ? keyForms : fewForms)).escapes;
  }

  function tenant(): EtcdTenant {
    const [first] = world.tenants;
    if (!first) throw new Error('there is no tenant');
    return first;
  }
});

describe('a hole in Postgres', () => {
  let world: PostgresWorld;

  beforeAll(async () => {
    world = started.use(await startPostgresWorld([id, other]));
    await plantSecrets(await world.connect(other));
  });

  interface Hole {
    readonly plant: string;
    readonly remove: string;
    /** Where `plant` is run; default `postgres`. */
    readonly database?: string;
    readonly seenAs: string;
  }

  const holes: Readonly<Record<string, Hole>> = {
    'a database that everybody may connect to': {
      plant: `GRANT CONNECT ON DATABASE "${other}" TO PUBLIC`,
      remove: `REVOKE CONNECT ON DATABASE "${other}" FROM PUBLIC`,
      seenAs: `connect to ${other} as ${id}: allowed`,
    },
    'the administrative database': {
      plant: 'GRANT CONNECT ON DATABASE postgres TO PUBLIC',
      remove: 'REVOKE CONNECT ON DATABASE postgres FROM PUBLIC',
      seenAs: `connect to postgres as ${id}: allowed`,
    },
    'membership in a neighbour': {
      plant: `GRANT "${other}" TO "${id}"`,
      remove: `REVOKE "${other}" FROM "${id}"`,
      seenAs: `become ${other}: allowed`,
    },
    'a role that makes roles': {
      plant: `ALTER ROLE "${id}" CREATEROLE`,
      remove: `ALTER ROLE "${id}" NOCREATEROLE; DROP ROLE IF EXISTS intruder`,
      seenAs: 'add a role: allowed',
    },
    'files of the server': {
      plant: `GRANT pg_read_server_files TO "${id}" WITH INHERIT TRUE`,
      remove: `REVOKE pg_read_server_files FROM "${id}"`,
      seenAs: 'read a file (COPY): allowed',
    },
    'programs of the server': {
      plant: `GRANT pg_execute_server_program TO "${id}" WITH INHERIT TRUE`,
      remove: `REVOKE pg_execute_server_program FROM "${id}"`,
      seenAs: 'run a program (COPY TO): allowed',
    },
    'statistics of all sessions': {
      plant: `GRANT pg_read_all_stats TO "${id}" WITH INHERIT TRUE`,
      remove: `REVOKE pg_read_all_stats FROM "${id}"`,
      seenAs: 'the text of a query: pg_catalog.pg_stat_activity',
    },
    'functions of its own': {
      plant: 'GRANT USAGE ON LANGUAGE plpgsql TO PUBLIC',
      remove: 'DROP FUNCTION IF EXISTS public.f(); REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC',
      database: id,
      seenAs: 'run a block: allowed',
    },
    'temporary tables': {
      plant: `GRANT TEMPORARY ON DATABASE "${id}" TO "${id}"`,
      remove: `REVOKE TEMPORARY ON DATABASE "${id}" FROM "${id}"`,
      seenAs: 'add a temporary table: allowed',
    },
  };

  it.each(Object.entries(holes))('is found: %s', async (_, { plant, remove, database, seenAs }) => {
    const administrator = await world.server.connect(database);
    await administrator.query(plant);
    const escapes = await escapesOf(form === 'long' || seenAs.startsWith('the text of a query'));
    await administrator.query(remove);
    await administrator.end();

    expectFound(escapes, seenAs);
  });

  it('that is closed is found no more', async () => {
    expect(await escapesOf(true)).toEqual([]);
  });

  async function escapesOf(looksAtCatalogs: boolean): Promise<readonly string[]> {
    // A session keeps what it has; and through a hole a neighbour's may have been ended.
    const client = await world.connect(id);
    const neighbour = await world.connect(other);
    const { rows } = await neighbour.query<{ readonly pid: number }>('SELECT pg_backend_pid() AS pid');
    const escapes = [
      ...(await tryToConnect(world, id)).escapes,
      ...(await notRefused(client, administration(id))),
      ...(await notRefused(client, trespasses(id, other, rows[0]?.pid ?? 0))),
      ...(await findLeaks(client)),
    ];
    if (looksAtCatalogs) {
      const what = 'the text of a query';
      const { seen } = await sweep(client, { [what]: secrets[what] });
      for (const source of seen[what] ?? []) escapes.push(`${what}: ${source}`);
    }
    await neighbour.end();
    await client.end();
    return escapes;
  }
});

/** One of each kind: a hole that any form falls into is a hole. */
function fewForms(tenant: Pick<EtcdTenant, 'own'>, at: KeyRange): Readonly<Record<string, Call>> {
  const chosen = ['range', 'compare version', 'watch', 'put', 'delete'];
  return Object.fromEntries(Object.entries(keyForms(tenant, at)).filter(([name]) => chosen.includes(name)));
}

function auth(name: string, request: Answer = {}): Call {
  return { rpc: `/etcdserverpb.Auth/${name}`, request };
}

function expectFound(escapes: readonly string[], seenAs: string): void {
  planted += 1;
  if (escapes.includes(seenAs)) found += 1;
  expect(escapes).toContain(seenAs);
}
