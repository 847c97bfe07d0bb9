import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type pg from 'pg';
import { recordFigure } from '../support/figures.ts';
import { scaled } from '../support/form.ts';
import {
  administration,
  findLeaks,
  notRefused,
  outcomeOf,
  trespasses,
  vainAttempts,
} from '../support/postgres-escapes.ts';
import { takeSnapshot } from '../support/postgres-snapshot.ts';
import { waitUntil } from '../support/wait-until.ts';
import { tryToConnect } from './postgres-checks.ts';
import { plantSecrets, secrets } from './postgres-secrets.ts';
import { sweep } from './postgres-sweep.ts';
import { startPostgresWorld } from './postgres-world.ts';
import type { PostgresTenant, PostgresWorld } from './postgres-world.ts';
import { hostileIds, hostileNames } from './tenants.ts';

jest.setTimeout(600_000);

/** What of a neighbour anybody can see, by design of Postgres: its id, and what its sessions say to all. */
const seenOfANeighbour = {
  'its id': [
    'pg_catalog.pg_database',
    'pg_catalog.pg_roles',
    'pg_catalog.pg_stat_activity',
    'pg_catalog.pg_stat_database',
    'pg_catalog.pg_stat_database_conflicts',
    'pg_catalog.pg_user',
  ],
  'the name of the application': ['pg_catalog.pg_stat_activity'],
  'the number of a lock': ['pg_catalog.pg_locks', 'pg_lock_status()'],
};

/** What Postgres lets any role do; none of it reaches beyond the own sessions and the own database. */
const tolerated: Readonly<Record<string, string>> = {
  'settings of the own role':
    "ALTER ROLE CURRENT_USER SET work_mem = '1MB'; ALTER ROLE CURRENT_USER RESET ALL",
  'an operator of functions that are there':
    'CREATE OPERATOR === (FUNCTION = int4eq, LEFTARG = int, RIGHTARG = int); DROP OPERATOR === (int, int)',
  'an aggregate of functions that are there':
    'CREATE AGGREGATE total (int) (SFUNC = int4pl, STYPE = int); DROP AGGREGATE total (int)',
  'a large object': 'SELECT lo_unlink(lo_create(0))',
  'a lock of the own database': 'SELECT pg_advisory_lock(1), pg_advisory_unlock(1)',
  'a notification within the own database': 'NOTIFY channel',
  'a message in the WAL': "SELECT pg_logical_emit_message(false, 'x', 'y')",
};

/** Stands for all others in the sweep: a text that nothing else has. */
const observed = 'neighbour-7q';
const ids = [...hostileIds(scaled(4, 20)), observed];
let world: PostgresWorld;
let attempts = 0;
let leaks = 0;
const begun = performance.now();
const started = new AsyncDisposableStack();

beforeAll(async () => {
  world = started.use(await startPostgresWorld(ids));
});

afterAll(async () => {
  const seconds = Math.round((performance.now() - begun) / 1000);
  const counts = `${ids.length} tenants, ${seconds} s`;
  recordFigure('isolation on Postgres', `${attempts} attempts, ${leaks} leaks (${counts})`);
  await started.disposeAsync();
});

describe.each(ids.map((id, index) => ({ id, index })))('tenant $id', ({ index }) => {
  it('is refused whatever would make it more than it is', async () => {
    const { id, client } = tenantAt(index);

    await changesNothing(async () => {
      const tries = administration(id);
      count(Object.keys(tries).length);
      expectNone(await notRefused(client, tries));
    });
  });

  it('is refused whatever would tell of another tenant or harm it', async () => {
    const tenant = tenantAt(index);
    const { id, client } = tenant;

    await changesNothing(async () => {
      for (const other of othersOf(tenant)) {
        const tries = trespasses(id, other.id, other.pid);
        count(Object.keys(tries).length);
        expectNone(await notRefused(client, tries));
      }
      expectNone(await findLeaks(client));
    });
  });

  it('can connect to no other database, and as nobody else', async () => {
    const found = await tryToConnect(world, tenantAt(index).id);
    count(found.attempts);
    expectNone(found.escapes);
  });

  it('does with its rights to its own database nothing for others', async () => {
    const { id, client } = tenantAt(index);
    const others = ids.filter((other) => other !== id);

    await changesNothing(async () => {
      for (const sql of vainAttempts(id, others)) await client.query(sql);
      count(others.length * 2);
    });
  });
});

describe('the catalogs', () => {
  let neighbour: pg.Client;

  beforeAll(async () => {
    neighbour = await world.connect(observed);
    await plantSecrets(neighbour);
  });

  afterAll(() => neighbour.end());

  it('tell a tenant what is documented of its neighbours, and nothing else', async () => {
    const { sources, seen } = await sweep(tenantAt(0).client, { 'its id': observed, ...secrets });

    count(sources);
    expect(seen).toEqual(seenOfANeighbour);
  });

  // What shows that the sweep finds what there is to be found.
  it('tell an administrator more', async () => {
    const administrator = await world.server.connect(tenantAt(0).id);
    const { seen } = await sweep(administrator, secrets);
    await administrator.end();
    const own = await sweep(neighbour, secrets);

    expect(seen['the text of a query']).toContain('pg_catalog.pg_stat_activity');
    expect(Object.keys(own.seen)).toEqual(
      expect.arrayContaining(['a comment', 'a frequent value', 'the name of a table']),
    );
  });
});

it('a tenant may do what Postgres lets anybody do, and nothing comes of it', async () => {
  const { client } = tenantAt(0);

  await changesNothing(async () => {
    for (const [name, sql] of Object.entries(tolerated)) {
      expect({ name, ...(await outcomeOf(client.query(sql))) }).toEqual({ name, text: 'allowed' });
    }
  });
});

it('notifications stay in their database, whatever the channel', async () => {
  const [tenant, other] = [tenantAt(0), tenantAt(1)];
  const heard: string[] = [];
  tenant.client.on('notification', ({ payload }) => heard.push(payload ?? ''));
  await tenant.client.query('LISTEN channel');

  await other.client.query("NOTIFY channel, 'a neighbour’s'");
  await tenant.client.query("NOTIFY channel, 'its own'");
  await waitUntil('its own arrives', async () => heard.length > 0);

  count(1);
  expect(heard).toEqual(['its own']);
  await tenant.client.query('UNLISTEN *');
});

it('locks of a tenant hold up neither Marina nor another tenant', async () => {
  const client = await world.connect(tenantAt(0).id);
  for (const id of ids) {
    await client.query('SELECT pg_advisory_lock(hashtextextended($1, 0))', [`marina.dev/partition/${id}`]);
  }
  await client.query('BEGIN; LOCK TABLE kine IN ACCESS EXCLUSIVE MODE');

  const before = performance.now();
  for (const id of ids) expect(await world.driver.ensurePartition(id)).toEqual({ changed: false });
  await world.driver.inspectPartition(tenantAt(1).id);

  expect(performance.now() - before).toBeLessThan(20_000);
  count(ids.length);
  await client.end();
});

it('a tenant that takes all of its connections leaves others theirs', async () => {
  const { id } = tenantAt(0);
  const taken: pg.Client[] = [];
  const exhaust = async () => {
    while (taken.length < 100) taken.push(await world.connect(id));
  };

  expect(await outcomeOf(exhaust())).toMatchObject({ state: '53300' });
  for (const other of othersOf(tenantAt(0))) await (await world.connect(other.id)).end();
  expect(await world.driver.ensurePartition(id)).toEqual({ changed: false });

  count(ids.length);
  await Promise.all(taken.map((client) => client.end()));
});

it('what a tenant puts in Marina’s way runs with the tenant’s rights', async () => {
  const { id, client } = tenantAt(0);
  await client.query(`
    ALTER TABLE kine RENAME TO hidden;
    CREATE VIEW kine AS
      SELECT '/${id}/' || number AS name, number AS id, 0 AS deleted
      FROM generate_series(1, CASE WHEN current_user = '${id}' THEN 2 ELSE 7 END) AS number;
    CREATE VIEW pg_roles AS SELECT 'nobody' AS rolname;
    CREATE VIEW pg_database AS SELECT 'nothing' AS datname;
    CREATE OPERATOR = (FUNCTION = int4ne, LEFTARG = int, RIGHTARG = int);
    ALTER ROLE CURRENT_USER SET search_path = public, pg_catalog`);

  const { keys } = await world.driver.inspectPartition(id);

  count(1);
  expectNone(keys === 2 ? [] : [`${keys} keys were seen: 7 are those that anybody but the tenant sees`]);
  expect(await world.driver.ensurePartition(id)).toEqual({ changed: false });
  await client.query(`
    DROP VIEW kine, public.pg_roles, public.pg_database;
    DROP OPERATOR public.= (int, int);
    ALTER TABLE hidden RENAME TO kine;
    ALTER ROLE CURRENT_USER RESET ALL`);
});

it('no partition is made or removed under a name that breaks out of SQL', async () => {
  await changesNothing(async () => {
    for (const name of hostileNames) {
      for (const change of ['ensurePartition', 'deletePartition'] as const) {
        const outcome = await world.driver[change](name).catch((error: unknown) => error);
        count(1);
        expect({ name, outcome }).toEqual({
          name,
          outcome: expect.objectContaining({ code: 'Unsupported' }),
        });
      }
    }
  });
});

function tenantAt(index: number): PostgresTenant {
  const tenant = world.tenants[index];
  if (!tenant) throw new Error(`there is no tenant ${index}`);
  return tenant;
}

function othersOf(tenant: PostgresTenant): readonly PostgresTenant[] {
  return world.tenants.filter((other) => other !== tenant);
}

function count(tried: number): void {
  attempts += tried;
}

function expectNone(escapes: readonly string[]): void {
  leaks += escapes.length;
  expect(escapes).toEqual([]);
}

async function changesNothing(act: () => Promise<void>): Promise<void> {
  const before = await takeSnapshot(world.server);
  await act();
  expect(await takeSnapshot(world.server)).toEqual(before);
}
