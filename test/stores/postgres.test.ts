import { afterAll, beforeAll, describe, it } from '@jest/globals';
import type pg from 'pg';
import { type PostgresServer, startPostgres } from '../support/postgres.ts';
import { expectNothingLost, expectSurvival, inLongForm, storeTestMs } from '../support/store-expectations.ts';
import { type StoreReport, startStoreWorld, type StoreWorld } from '../support/store-world.ts';
import { scaled } from '../support/form.ts';

const endpointOf = ({ endpoints }: PostgresServer) => endpoints[0] ?? '';
const down = (message: RegExp): StoreReport => ({ status: 'False', reason: 'Unhealthy', message });

describe('tenants on a Postgres with a synchronous standby', () => {
  let started: AsyncDisposableStack;
  let primary: PostgresServer;
  let standby: PostgresServer;
  let world: StoreWorld;

  beforeAll(async () => {
    started = new AsyncDisposableStack();
    primary = started.use(await startPostgres());
    standby = started.use(await primary.startStandby());
    await onServer(primary, async (client) => {
      await client.query("ALTER SYSTEM SET synchronous_standby_names = '*'");
      await client.query('SELECT pg_reload_conf()');
    });
    const endpoints = [...primary.endpoints, ...standby.endpoints];
    const { ca, root } = primary;
    world = started.use(await startStoreWorld({ driver: 'postgres', endpoints, ca, root }, scaled(2, 4)));
  }, storeTestMs);

  afterAll(() => started.disposeAsync(), storeTestMs);

  inLongForm(
    'hardly notice that it is restarted',
    () =>
      expectSurvival(world, {
        name: 'Postgres restarted',
        begin: () => primary.restart(),
        end: () => undefined,
        during: { status: 'True', reason: 'Healthy', message: /./ },
      }),
    storeTestMs,
  );

  it(
    'are back after a crash when it is',
    () =>
      expectSurvival(world, {
        name: 'Postgres killed',
        begin: () => primary.kill(),
        end: () => primary.start(),
        during: down(new RegExp(`${endpointOf(primary)}: Unreachable: .*ECONNREFUSED`)),
      }),
    storeTestMs,
  );

  inLongForm(
    'are back when others no longer take all connections',
    async () => {
      const crowd = new Crowd(primary);
      await expectSurvival(world, {
        name: 'Postgres without connections',
        begin: () => crowd.come(),
        end: () => crowd.leave(),
        during: down(/connections are in use: raise max_connections/),
      });
    },
    storeTestMs,
  );

  inLongForm(
    'are back when it takes writes again',
    () =>
      expectSurvival(world, {
        name: 'Postgres read-only',
        begin: () => setReadOnly(primary, 'on'),
        end: () => setReadOnly(primary, 'off'),
        during: down(/read-only/),
      }),
    storeTestMs,
  );

  it(
    'move to the standby when it is promoted',
    () =>
      expectSurvival(world, {
        name: 'fail-over of Postgres',
        begin: () => primary.kill(),
        end: () => onServer(standby, (client) => client.query('SELECT pg_promote()')),
        during: down(/no primary answers: promote it/),
        after: {
          status: 'True',
          reason: 'EndpointsUnhealthy',
          message: new RegExp(`The store works, but ${endpointOf(primary)}: Unreachable`),
        },
      }),
    storeTestMs,
  );

  it('have lost nothing', () => expectNothingLost(world, 'Postgres'), storeTestMs);
});

async function onServer(
  server: PostgresServer,
  work: (client: pg.Client) => Promise<unknown>,
): Promise<void> {
  const client = await server.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

async function setReadOnly(server: PostgresServer, value: 'on' | 'off'): Promise<void> {
  await onServer(server, async (client) => {
    await client.query('SET default_transaction_read_only = off');
    await client.query(`ALTER SYSTEM SET default_transaction_read_only = ${value}`);
    await client.query('SELECT pg_reload_conf()');
  });
}

/** Sessions of a role that is nobody's tenant, as many as the server allows; those of tenants have been ended. */
class Crowd {
  private readonly server: PostgresServer;
  private readonly sessions: pg.Client[] = [];

  constructor(server: PostgresServer) {
    this.server = server;
  }

  async come(): Promise<void> {
    await onServer(this.server, async (client) => {
      await client.query('CREATE ROLE crowd LOGIN');
      await client.query('CREATE DATABASE crowd');
    });
    const credential = await this.server.clientCertificateFor('crowd');
    const fill = async () => {
      try {
        for (;;) this.sessions.push(await this.server.connect('crowd', credential));
      } catch {
        // No more are let in.
      }
    };
    await fill();
    const endOthers = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE backend_type = 'client backend' AND usename NOT IN ('postgres', 'crowd')`;
    await onServer(this.server, (client) => client.query(endOthers));
    await fill();
  }

  async leave(): Promise<void> {
    await Promise.all(this.sessions.map((session) => session.end()));
    await onServer(this.server, async (client) => {
      await client.query('DROP DATABASE crowd');
      await client.query('DROP ROLE crowd');
    });
  }
}
