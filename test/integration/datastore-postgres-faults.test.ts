import { describe, expect, it, jest } from '@jest/globals';
import type pg from 'pg';
import { openDataStore } from '../../src/datastore/open.ts';
import type { DataStoreDriver, PostgresConnection } from '../../src/datastore/driver.ts';
import type { Failpoints } from '../../src/engine/failpoints.ts';
import { postgresConnection, postgresConnectionAs } from '../support/postgres-datastore.ts';
import { takeSnapshot } from '../support/postgres-snapshot.ts';
import { startPostgres } from '../support/postgres.ts';
import type { PostgresOptions, PostgresServer } from '../support/postgres.ts';
import { waitUntil } from '../support/wait-until.ts';

jest.setTimeout(60_000);

interface World extends AsyncDisposable {
  readonly server: PostgresServer;
  readonly driver: DataStoreDriver;
}

async function startWorld(options?: PostgresOptions): Promise<World> {
  await using started = new AsyncDisposableStack();
  const server = started.use(await startPostgres(options));
  const driver = started.adopt(openDataStore(postgresConnection(server)), (open) => open.close());
  const parts = started.move();
  return { server, driver, [Symbol.asyncDispose]: () => parts.disposeAsync() };
}

describe('a driver', () => {
  it('outlives a crash of Postgres', async () => {
    await using world = await startWorld();
    const { server, driver } = world;
    await driver.ensurePartition('tenant');
    await server.kill();
    await expect(driver.inspectPartition('tenant')).rejects.toMatchObject({ code: 'Unreachable' });
    expect(await driver.checkHealth()).toMatchObject({ healthy: false });
    await server.start();
    expect(await driver.inspectPartition('tenant')).toMatchObject({ userExists: true, roleExists: true });
    expect(await driver.checkHealth()).toMatchObject({ healthy: true });
  });

  it('does not notice a restart between two calls', async () => {
    await using world = await startWorld();
    const { server, driver } = world;
    await driver.ensurePartition('tenant');
    await server.restart();
    expect(await driver.ensurePartition('tenant')).toEqual({ changed: false });
  });

  it('fails when it was closed', async () => {
    await using world = await startWorld();
    const { server, driver } = world;
    const closed = openDataStore(postgresConnection(server));
    await closed.ensurePartition('tenant');
    await closed.close();
    await expect(closed.ensurePartition('tenant')).rejects.toMatchObject({ name: 'DataStoreError' });
    expect(await driver.inspectPartition('tenant')).toMatchObject({ userExists: true });
  });

  it('waits for a server that takes calls and never answers once, and then asks the other', async () => {
    await using silent = await startPostgres();
    await using world = await startWorld();
    const endpoints = [...silent.endpoints, ...world.server.endpoints];
    await silent.pause();
    const driver = openDataStore({ ...postgresConnection(world.server), endpoints });
    const timed: boolean[] = [];
    for (let call = 0; call < 4; call += 1) {
      const begun = performance.now();
      await driver.inspectPartition('tenant');
      timed.push(performance.now() - begun > 4500);
    }
    expect(timed).toEqual([true, false, false, false]);
    await driver.close();
    await silent.resume();
  });
});

describe('a primary and a standby', () => {
  it('are told apart, and after a promotion the other is used', async () => {
    await using world = await startWorld();
    const { server } = world;
    await using standby = await server.startStandby();
    const endpoints = [...standby.endpoints, ...server.endpoints];
    const driver = openDataStore({ ...postgresConnection(server), endpoints });
    try {
      expect(await driver.ensurePartition('tenant')).toEqual({ changed: true });
      const health = await driver.checkHealth();
      expect(health.healthy).toBe(true);
      expect(health.endpoints).toMatchObject([{ healthy: true, standby: true }, { healthy: true }]);
      expect(health.endpoints[1]).not.toHaveProperty('standby');
      await using follower = adopt(await standby.connect());
      await waitUntil('the standby has the partition', async () => {
        const { rows } = await follower.client.query(
          "SELECT FROM pg_database WHERE datname = 'tenant' AND datallowconn",
        );
        return rows.length === 1;
      });

      await server.kill();
      const refused = {
        code: 'Unreachable',
        message: expect.stringMatching(/read-only.*promote it.*ECONNREFUSED/),
      };
      await expect(driver.ensurePartition('tenant')).rejects.toMatchObject(refused);
      const leaderless = await driver.checkHealth();
      expect(leaderless.healthy).toBe(false);
      expect(leaderless.endpoints[0]).toMatchObject({
        healthy: false,
        message: expect.stringContaining('no primary answers'),
      });

      await follower.client.query('SELECT pg_promote()');
      expect((await driver.inspectPartition('tenant')).roleExists).toBe(true);
      expect(await driver.ensurePartition('tenant')).toEqual({ changed: false });
      expect(await driver.ensurePartition('another')).toEqual({ changed: true });
      expect(await driver.checkHealth()).toMatchObject({ healthy: true });
    } finally {
      await driver.close();
    }
  });
});

describe('a server that reads well and takes no writes', () => {
  it('is not well when it was made read-only', async () => {
    await using world = await startWorld({ settings: { default_transaction_read_only: 'on' } });

    const health = await world.driver.checkHealth();

    expect(health.healthy).toBe(false);
    expect(health.endpoints[0]?.message).toContain('set default_transaction_read_only = off');
  });

  it('is not well when its disk is full, and well again when there is room', async () => {
    const settings = { max_wal_size: '64MB', min_wal_size: '32MB' };
    await using world = await startWorld({ settings, volumeBytes: 128 * 1024 ** 2 });
    const { server, driver } = world;
    expect(await driver.checkHealth()).toMatchObject({ healthy: true });

    await server.volume?.fill();
    const full = await driver.checkHealth();
    await server.volume?.free();

    expect(full.healthy).toBe(false);
    expect(full.endpoints[0]?.message).toMatch(/No space left on device: enlarge the volume/);
    expect(await driver.checkHealth()).toMatchObject({ healthy: true });
  });
});

describe('connections', () => {
  it('that others use up are missed by health, and not by Marina', async () => {
    await using world = await startWorld({ settings: { max_connections: '12' } });
    const { server, driver } = world;
    await using crowd = new AsyncDisposableStack();
    await using administrator = adopt(await server.connect());
    await administrator.client.query('CREATE ROLE crowd LOGIN');
    await administrator.client.query('CREATE DATABASE crowd');
    const credential = await server.clientCertificateFor('crowd');
    const comeIn = async () => {
      for (;;) crowd.use(adopt(await server.connect('crowd', credential)));
    };
    await expect(comeIn()).rejects.toMatchObject({ code: '53300' });

    // The last ones are reserved for superusers.
    expect(await driver.ensurePartition('tenant')).toEqual({ changed: true });
    const health = await driver.checkHealth();
    expect(health).toMatchObject({ healthy: false, connections: { limit: 9 } });
    expect(health.endpoints[0]?.message).toContain('raise max_connections');

    const takeTheRest = async () => {
      for (;;) crowd.use(adopt(await server.connect()));
    };
    await expect(takeTheRest()).rejects.toMatchObject({ code: '53300' });
    const other = openDataStore(postgresConnection(server));
    await expect(other.ensurePartition('tenant')).rejects.toMatchObject({
      code: 'Unreachable',
      message: expect.stringContaining('raise max_connections'),
    });
    await other.close();
  });
});

describe('a server that cannot keep tenants apart is no place for them', () => {
  it('because pg_hba.conf trusts anybody', async () => {
    const accessRules = [
      'local all postgres trust',
      'hostssl all postgres all cert',
      'host all all 127.0.0.1/32 trust',
      'host all all 10.0.0.0/8 trust',
    ];
    await using world = await startWorld({ accessRules });
    const refused = { code: 'Unsupported', message: expect.stringContaining('`trust` in line 4') };
    await expect(world.driver.ensurePartition('tenant')).rejects.toMatchObject(refused);
    const health = await world.driver.checkHealth();
    expect(health.healthy).toBe(false);
    expect(health.endpoints[0]?.message).toContain('`trust` in line 4');
  });

  it('because Marina’s role cannot close what is open', async () => {
    const accessRules = ['local all postgres trust', 'hostssl all all all cert'];
    await using world = await startWorld({ accessRules });
    const { server } = world;
    await using administrator = adopt(await server.connect());
    await administrator.client.query('CREATE ROLE weak LOGIN CREATEDB CREATEROLE');
    const weak = openDataStore(postgresConnectionAs(server, await server.clientCertificateFor('weak')));
    await expect(weak.ensurePartition('tenant')).rejects.toMatchObject({
      code: 'Unsupported',
      message: expect.stringContaining('SUPERUSER'),
    });
    expect(await weak.checkHealth()).toMatchObject({ healthy: false });
    await expect(weak.ensurePartition('weak')).rejects.toMatchObject({ code: 'Unsupported' });
    await weak.close();
  });
});

describe('an end at any step', () => {
  it('is made good by the same call', async () => {
    await using world = await startWorld();
    const { server, driver } = world;
    await driver.ensurePartition('other');
    const empty = await takeSnapshot(server);
    const making = await namesOf(server, (open) => open.ensurePartition('tenant'));
    const whole = await takeSnapshot(server);
    const unmaking = await namesOf(server, (open) => open.deletePartition('tenant'));
    expect(making).toContain('postgres/create-database');
    expect(unmaking).toEqual(['postgres/disable-login', 'postgres/drop-database', 'postgres/drop-role']);

    for (const step of making.keys()) {
      const broken = openDataStore(postgresConnection(server), endAfter(step));
      await expect(broken.ensurePartition('tenant')).rejects.toThrow('ended');
      await broken.close();
      await driver.ensurePartition('tenant');
      expect(await driver.ensurePartition('tenant')).toEqual({ changed: false });
      await driver.deletePartition('tenant');
    }
    for (const step of unmaking.keys()) {
      await driver.ensurePartition('tenant');
      const broken = openDataStore(postgresConnection(server), endAfter(step));
      await expect(broken.deletePartition('tenant')).rejects.toThrow('ended');
      await broken.close();
      await driver.deletePartition('tenant');
    }
    expect(await takeSnapshot(server)).toEqual(empty);
    await driver.ensurePartition('tenant');
    expect(await takeSnapshot(server)).toEqual(whole);
  }, 120_000);
});

/** Names of the failpoints that a call passes. */
async function namesOf(server: PostgresServer, call: (driver: DataStoreDriver) => Promise<unknown>) {
  const names: string[] = [];
  const connection: PostgresConnection = postgresConnection(server);
  const driver = openDataStore(connection, {
    around: (name, effect) => {
      names.push(name);
      return effect();
    },
  });
  await call(driver);
  await driver.close();
  return names;
}

/** Ends the caller after the write of this number, counted from 0. */
function endAfter(step: number): Failpoints {
  let passed = 0;
  return {
    async around(_name, effect) {
      const outcome = await effect();
      passed += 1;
      if (passed > step) throw new Error('ended');
      return outcome;
    },
  };
}

function adopt(client: pg.Client): AsyncDisposable & { readonly client: pg.Client } {
  return { client, [Symbol.asyncDispose]: () => client.end().catch(() => undefined) };
}
