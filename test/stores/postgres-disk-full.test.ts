import { afterAll, beforeAll, it } from '@jest/globals';
import { type PostgresServer, startPostgres } from '../support/postgres.ts';
import {
  expectNothingLost,
  expectSurvival,
  describeInLongForm,
  storeTestMs,
} from '../support/store-expectations.ts';
import { startStoreWorld, type StoreWorld } from '../support/store-world.ts';

const mebibyte = 1024 ** 2;

describeInLongForm('tenants on a Postgres with a small disk', () => {
  let started: AsyncDisposableStack;
  let server: PostgresServer;
  let world: StoreWorld;

  beforeAll(async () => {
    started = new AsyncDisposableStack();
    const settings = { max_wal_size: '64MB', min_wal_size: '32MB' };
    server = started.use(await startPostgres({ settings, volumeBytes: 256 * mebibyte }));
    world = started.use(await startStoreWorld({ driver: 'postgres', ...server }, 2));
  }, storeTestMs);

  afterAll(() => started.disposeAsync(), storeTestMs);

  it(
    'are back when there is room on it again',
    () =>
      expectSurvival(world, {
        name: 'Postgres out of space',
        begin: () => server.volume?.fill(),
        end: () => server.volume?.free(),
        during: { status: 'False', reason: 'Unhealthy', message: /NoSpace: .*enlarge the volume/ },
      }),
    storeTestMs,
  );

  it('have lost nothing', () => expectNothingLost(world, 'a full Postgres'), storeTestMs);
});
