import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Client } from 'pg';
import { migrations } from '../../migrations/index.ts';
import type { Migration } from '../../migrations/migration.ts';
import { type DatabaseAddress, readEndpoint } from '../../src/persistence/connection.ts';
import type { DatabaseError } from '../../src/persistence/errors.ts';
import { migrate } from '../../src/persistence/migrate.ts';
import { silentLog } from '../../src/engine/log.ts';
import { type DatabaseServer, openDatabase, startDatabaseServer } from '../support/management-database.ts';
import { waitUntil } from '../support/wait-until.ts';

jest.setTimeout(60_000);

const started = new AsyncDisposableStack();
let server: DatabaseServer;

beforeAll(async () => {
  server = started.use(await startDatabaseServer());
}, 60_000);

afterAll(() => started.disposeAsync());

const run = async (address: DatabaseAddress, known?: readonly Migration[]) =>
  migrate(await readEndpoint(address), { ...(known && { known }) });

const counted: Migration = {
  name: '20990101000000-create-counter',
  statements: [
    'CREATE TABLE counter (n integer NOT NULL)',
    'INSERT INTO counter SELECT 1 FROM pg_sleep(0.2)',
  ],
};

const counters = (address: DatabaseAddress) => ask<{ readonly n: number }>(address, 'SELECT n FROM counter');

async function ask<Row extends object>(address: DatabaseAddress, statement: string): Promise<readonly Row[]> {
  const client = await server.postgres.connect(new URL(address.url).pathname.slice(1));
  try {
    return (await client.query<Row>(statement)).rows;
  } finally {
    await client.end();
  }
}

/** Somebody who migrates, and takes long. */
async function holdMigrations(address: DatabaseAddress): Promise<Client> {
  const client = await server.postgres.connect(new URL(address.url).pathname.slice(1));
  await client.query('SELECT pg_advisory_lock(7303018442)');
  return client;
}

describe('migrations', () => {
  it('are run once by several at the same moment', async () => {
    const address = await server.createDatabase();
    const known = [...migrations, counted];

    const done = await Promise.all([1, 2, 3, 4].map(() => run(address, known)));

    expect(done.map(({ length }) => length).sort()).toEqual([0, 0, 0, known.length]);
    expect(await counters(address)).toEqual([{ n: 1 }]);
  });

  it('leave nothing of one that fails, and are taken up there', async () => {
    const address = await server.createDatabase();
    const broken = { ...counted, statements: [...counted.statements, 'SELECT nonsense'] };

    await expect(run(address, [...migrations, broken])).rejects.toMatchObject({ code: 'Unavailable' });

    expect(await run(address, [...migrations, counted])).toEqual([counted.name]);
    expect(await counters(address)).toEqual([{ n: 1 }]);
  });

  it.each<[string, readonly Migration[], readonly Migration[], RegExp]>([
    ['has one that is not known', [...migrations, counted], migrations, /create-counter, which this build/],
    [
      'had one with another text',
      [...migrations, counted],
      [...migrations, { ...counted, statements: ['CREATE TABLE counter (n bigint NOT NULL)'] }],
      /create-counter was run with another text/,
    ],
  ])('stop the start when the database %s', async (_, before, now, message) => {
    const address = await server.createDatabase();
    await run(address, before);

    const attempt = run(address, now);

    await expect(attempt).rejects.toMatchObject({
      code: 'Mismatch',
      message: expect.stringMatching(message),
    });
  });
});

describe('the management database', () => {
  it('is not opened with the schema of another build', async () => {
    const address = await server.createDatabase();
    await run(address, [...migrations, counted]);

    await expect(openDatabase(address)).rejects.toMatchObject({ code: 'Mismatch' });
  });

  it('may come later, and go, and come back', async () => {
    const address = await server.createDatabase();
    const { postgres } = server;
    const one = (operation: string) =>
      database.use(operation, (dataSource) => dataSource.query<readonly object[]>('SELECT 1 AS one'));

    await postgres.kill();
    await using database = await openDatabase(address);
    expect(database.isAvailable).toBe(false);
    await expect(one('ask')).rejects.toMatchObject({ code: 'Unavailable', operation: 'ask' });

    await postgres.start();
    await waitUntil('the database is there', async () => database.isAvailable);
    expect(await one('ask')).toEqual([{ one: 1 }]);

    await postgres.kill();
    await waitUntil('the loss is noticed', async () => !database.isAvailable);
    await postgres.start();
    await waitUntil('the database is back', async () => database.isAvailable);
    expect(await one('ask')).toEqual([{ one: 1 }]);
  });

  it('does not keep a process from starting while it says nothing, and is taken as soon as it does', async () => {
    const address = await server.createDatabase();
    const migrating = await holdMigrations(address);

    await using database = await openDatabase(address);
    expect(database.isAvailable).toBe(false);

    await migrating.end();
    await waitUntil('the database is there', async () => database.isAvailable);
  }, 30_000);

  it('that turns out to be of another build after the start is refused then', async () => {
    const address = await server.createDatabase();
    const migrating = await holdMigrations(address);
    const refusals: DatabaseError[] = [];
    const onRefusal = (error: DatabaseError) => refusals.push(error);
    await using database = await openDatabase(address, silentLog, { onRefusal });

    await migrating.query(
      "CREATE TABLE migration (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now()); INSERT INTO migration VALUES ('later', 'x')",
    );
    await migrating.end();

    await waitUntil('it is refused', async () => refusals.length > 0);
    expect(refusals).toEqual([expect.objectContaining({ code: 'Mismatch' })]);
    expect(database.isAvailable).toBe(false);
  }, 30_000);

  it('that is closed while it is migrated is closed at once', async () => {
    const address = await server.createDatabase();
    const migrating = await holdMigrations(address);
    try {
      const database = await openDatabase(address);
      const begun = performance.now();
      await database.close();
      expect(performance.now() - begun).toBeLessThan(5_000);
    } finally {
      await migrating.end();
    }
  }, 30_000);

  it('is away while it is silent', async () => {
    const address = await server.createDatabase();
    await using database = await openDatabase(address);

    await server.postgres.pause();
    try {
      await waitUntil('the silence is noticed', async () => !database.isAvailable);
    } finally {
      await server.postgres.resume();
    }

    await waitUntil('the database is back', async () => database.isAvailable);
  });

  it('is known by the program’s name, and does not wait for ever', async () => {
    const address = await server.createDatabase();
    await using database = await openDatabase(address);

    const [settings] = await database.use('read settings', (dataSource) =>
      dataSource.query<readonly object[]>(
        `SELECT current_setting('application_name') AS name, current_setting('statement_timeout') AS statement, current_setting('lock_timeout') AS lock`,
      ),
    );

    expect(settings).toEqual({ name: 'marina', statement: '10s', lock: '10s' });
  });

  it('tells a statement that is refused from a database that is away', async () => {
    const address = await server.createDatabase();
    await using database = await openDatabase(address);

    const refused = database.use('ask', (dataSource) => dataSource.query('SELECT nonsense'));

    await expect(refused).rejects.not.toMatchObject({ code: 'Unavailable' });
    expect(database.isAvailable).toBe(true);
  });
});
