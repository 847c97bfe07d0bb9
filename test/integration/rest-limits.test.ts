import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { silentLog } from '../../src/engine/log.ts';
import type { ManagementDatabase } from '../../src/persistence/management-database.ts';
import type { LimitSettings } from '../../src/rest/limits/settings.ts';
import type { RestSettings } from '../../src/rest/start.ts';
import { interceptedClient } from '../support/intercepted-client.ts';
import { type ManagementCluster, startManagementCluster } from '../support/management-cluster.ts';
import { startManagementDatabase } from '../support/management-database.ts';
import { openConnection, type RawConnection, statusesOf } from '../support/raw-http.ts';
import { permit } from '../support/permissions.ts';
import { type RestApi, startRest, tokenOf, wide } from '../support/rest-api.ts';
import { waitUntil } from '../support/wait-until.ts';

jest.setTimeout(60_000);

const controlPlanes = '/v1/namespaces/team-a/controlplanes';

const started = new AsyncDisposableStack();
let cluster: ManagementCluster;
let database: ManagementDatabase;
let ada: string;
let bob: string;

beforeAll(async () => {
  database = started.use(await startManagementDatabase());
  cluster = started.use(await startManagementCluster());
  ada = await tokenOf(cluster.kubeconfigPath, { namespace: 'team-a', name: 'ada' });
  bob = await tokenOf(cluster.kubeconfigPath, { namespace: 'team-a', name: 'bob' });
  const resources = ['tenantcontrolplanes', 'tenantcontrolplanes/log'];
  for (const name of ['ada', 'bob'])
    await permit(cluster.client, { namespace: 'team-a', name }, { resources, isEverywhere: true });
}, 120_000);

afterAll(() => started.disposeAsync());

/** REST with these limits, and how many TokenReviews it has cost so far. */
async function limited(limits: Partial<LimitSettings>, settings: RestSettings = {}) {
  let reviews = 0;
  const client = interceptedClient(cluster.client, async ({ verb, kind }) => {
    if (verb === 'create' && kind === 'TokenReview') reviews += 1;
  });
  const rest = await startRest(client, undefined, { database, limits: { ...wide, ...limits }, ...settings });
  return { rest, reviews: () => reviews, [Symbol.asyncDispose]: () => rest[Symbol.asyncDispose]() };
}

async function statuses(
  rest: RestApi,
  times: number,
  request: (turn: number) => Parameters<RestApi['ask']>[2],
): Promise<readonly number[]> {
  const all: number[] = [];
  for (let turn = 0; turn < times; turn += 1)
    all.push((await rest.ask('GET', controlPlanes, request(turn))).status);
  return all;
}

const times = (count: number, status: number) => Array<number>(count).fill(status);

describe('an address that guesses tokens', () => {
  it('is refused before each costs a review, and does not shut out who is known', async () => {
    await using api = await limited({ unknownTokensPerSecond: 1 });
    const { rest } = api;
    expect(await rest.ask('GET', controlPlanes, { token: ada })).toMatchObject({ status: 200 });

    expect(await statuses(rest, 30, (turn) => ({ token: `guess-${turn}` }))).toEqual([
      ...times(10, 401),
      ...times(20, 429),
    ]);

    expect(api.reviews()).toBe(11);
    expect(await rest.ask('GET', controlPlanes, { token: ada })).toMatchObject({ status: 200 });
    const late = await rest.ask('GET', controlPlanes, { token: bob });
    expect(late).toMatchObject({ status: 429, body: { code: 'TooManyRequests' } });
    expect(Number(late.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(late.headers.get('ratelimit-policy')).toBe('"unknown-tokens";q=10;w=10');
    expect(late.headers.get('ratelimit')).toMatch(/^"unknown-tokens";r=0;t=\d+$/);
  });

  it('is counted when it sends none', async () => {
    await using api = await limited({ unknownTokensPerSecond: 1 });

    expect(await statuses(api.rest, 15, () => ({}))).toEqual([...times(10, 401), ...times(5, 429)]);
  });

  it('is refused with the same one as well', async () => {
    await using api = await limited({ unknownTokensPerSecond: 1 });

    expect(await statuses(api.rest, 15, () => ({ token: 'guess' }))).toEqual([
      ...times(10, 401),
      ...times(5, 429),
    ]);

    expect(api.reviews()).toBe(1);
  });

  it('is not another by what it says itself', async () => {
    await using api = await limited({ unknownTokensPerSecond: 1 });
    const guess = (turn: number) => ({
      token: `guess-${turn}`,
      headers: { 'x-forwarded-for': `192.0.2.${turn}` },
    });

    expect(await statuses(api.rest, 15, guess)).toEqual([...times(10, 401), ...times(5, 429)]);
  });

  it('is the one that a trusted proxy saw', async () => {
    await using api = await limited({ unknownTokensPerSecond: 1 }, { trustedProxies: ['127.0.0.0/8'] });
    const guess = (address: string) => (turn: number) => ({
      token: `guess-${turn}`,
      headers: { 'x-forwarded-for': `203.0.113.${turn}, ${address}` },
    });

    expect(await statuses(api.rest, 15, guess('192.0.2.1'))).toEqual([...times(10, 401), ...times(5, 429)]);
    expect(await statuses(api.rest, 5, guess('192.0.2.2'))).toEqual(times(5, 401));
  });
});

describe('a user', () => {
  it('may read so much, change so much, and leaves the others theirs', async () => {
    await using api = await limited({ readsPerSecond: 2, changesPerSecond: 1 });
    const { rest } = api;
    const remove = () => rest.ask('DELETE', `${controlPlanes}/nothing`, { token: ada });

    expect(await statuses(rest, 22, () => ({ token: ada }))).toEqual([...times(20, 200), ...times(2, 429)]);
    const first = await remove();
    expect(first).toMatchObject({ status: 404 });
    expect(first.headers.get('ratelimit-policy')).toBe('"changes";q=10;w=10');
    expect(first.headers.get('ratelimit')).toMatch(/^"changes";r=9;t=\d+$/);
    for (let turn = 0; turn < 9; turn += 1) await remove();

    expect(await remove()).toMatchObject({ status: 429, body: { code: 'TooManyRequests' } });
    expect(await rest.ask('GET', controlPlanes, { token: bob })).toMatchObject({ status: 200 });
  });

  it('may watch so much at once', async () => {
    await using api = await limited({ longInFlightPerUser: 1 });
    const watch = '/v1/watch/namespaces/team-a/controlplanes';
    await using stream = await openConnection(api.rest.url);
    stream.send(`GET ${watch} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${ada}\r\n\r\n`);
    await stream.receives((text) => text.includes('event: bookmark'));

    const second = await api.rest.ask('GET', watch, { token: ada });

    expect(second).toMatchObject({ status: 429 });
    expect(second.headers.get('retry-after')).toBe('10');
    expect(await api.rest.ask('GET', controlPlanes, { token: ada })).toMatchObject({ status: 200 });
  });
});

describe('a client that goes while it is asked who it is', () => {
  it('leaves no slot taken', async () => {
    const asked = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const client = interceptedClient(cluster.client, async ({ verb, kind }) => {
      if (verb !== 'create' || kind !== 'TokenReview') return;
      asked.resolve();
      await goOn.promise;
    });
    const limits = { ...wide, longInFlight: 1, longInFlightPerUser: 1 };
    await using rest = await startRest(client, undefined, { database, limits });
    const watch = (from: RawConnection) =>
      from.send(
        `GET /v1/watch/namespaces/team-a/controlplanes HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${ada}\r\n\r\n`,
      );
    await using gone = await openConnection(rest.url);
    watch(gone);
    await asked.promise;
    await gone[Symbol.asyncDispose]();
    // Its answer comes after the end of that connection has.
    await rest.ask('GET', '/nowhere');
    goOn.resolve();
    await waitUntil('its sign-in has ended', async () => {
      const { status } = await rest.ask('GET', controlPlanes, { token: ada });
      return status === 200;
    });

    await using stays = await openConnection(rest.url);
    watch(stays);

    expect(statusesOf(await stays.receives((text) => text.includes('\r\n\r\n')))).toEqual([200]);
  });
});

describe('requests under way', () => {
  it('are no more of one user than may be at once, and the others have theirs', async () => {
    await using api = await limited({ inFlightPerUser: 1 });
    const { rest } = api;
    expect(await rest.ask('GET', controlPlanes, { token: ada })).toMatchObject({ status: 200 });
    await using busy = await openConnection(rest.url);
    const headers = `Host: x\r\nAuthorization: Bearer ${ada}\r\nContent-Type: application/json\r\nContent-Length: 2`;
    busy.send(`POST ${controlPlanes} HTTP/1.1\r\n${headers}\r\nExpect: 100-continue\r\n\r\n{`);
    await busy.receives((text) => text.includes('100 Continue'));

    const other = await rest.ask('GET', controlPlanes, { token: ada });
    expect(other).toMatchObject({ status: 429, body: { code: 'TooManyRequests' } });
    expect(other.headers.get('retry-after')).toBe('1');
    expect(await rest.ask('GET', controlPlanes, { token: bob })).toMatchObject({ status: 200 });
    busy.send('}');
    await busy.receives((text) => statusesOf(text).includes(400));
    expect(await rest.ask('GET', controlPlanes, { token: ada })).toMatchObject({ status: 200 });
  });

  it('are no more than may be at once, watches apart', async () => {
    await using api = await limited({ inFlight: 1 });
    const { rest } = api;
    await using busy = await openConnection(rest.url);
    const headers = `Host: x\r\nAuthorization: Bearer ${ada}\r\nContent-Type: application/json\r\nContent-Length: 2`;
    busy.send(`POST ${controlPlanes} HTTP/1.1\r\n${headers}\r\nExpect: 100-continue\r\n\r\n{`);
    await busy.receives((text) => text.includes('100 Continue'));

    const other = await rest.ask('GET', controlPlanes, { token: ada });
    expect(other).toMatchObject({ status: 503, body: { code: 'Unavailable' } });
    expect(other.headers.get('retry-after')).toBe('1');

    busy.send('}');
    await busy.receives((text) => statusesOf(text).includes(400));
    expect(await rest.ask('GET', controlPlanes, { token: ada })).toMatchObject({ status: 200 });
  });

  it('are not logged one by one when there is no room for them', async () => {
    const warnings: object[] = [];
    const errors: object[] = [];
    const log = {
      ...silentLog,
      warn: (facts: object) => void warnings.push(facts),
      error: (facts: object) => void errors.push(facts),
    };
    const limits = { ...wide, inFlight: 0 };
    await using rest = await startRest(cluster.client, log, { database, limits });

    expect(await statuses(rest, 100, () => ({}))).toEqual(times(100, 503));

    expect(warnings).toHaveLength(20);
    expect(warnings[0]).toMatchObject({ detail: 'Too much is under way at once.', path: controlPlanes });
    expect(warnings[0]).not.toHaveProperty('err');
    expect(errors).toEqual([]);
  });
});

describe('logs, which are held as a whole', () => {
  it('are read by few at once, whoever asks', async () => {
    let held = 0;
    const goOn = Promise.withResolvers<void>();
    const client = interceptedClient(cluster.client, async ({ verb, kind }) => {
      if (verb !== 'list' || kind !== 'Pod') return;
      held += 1;
      await goOn.promise;
    });
    await using rest = await startRest(client, undefined, { database });
    const body = { name: 'logged', spec: { dataStore: 'default', kubernetes: { version: 'v1.36.3' } } };
    expect(await rest.ask('POST', controlPlanes, { token: ada, body })).toMatchObject({ status: 201 });
    const ask = (token: string) => rest.ask('GET', `${controlPlanes}/logged/logs`, { token });
    const busy = Promise.all(times(4, 0).map(() => ask(ada)));
    await waitUntil('all are under way', async () => held === 4);

    const refused = await ask(ada);
    expect(refused).toMatchObject({ status: 429, body: { code: 'TooManyRequests' } });
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(await ask(bob)).toMatchObject({ status: 429 });

    goOn.resolve();
    expect((await busy).map(({ status }) => status)).toEqual(times(4, 404));
    expect(await ask(bob)).toMatchObject({ status: 404 });
  });
});
