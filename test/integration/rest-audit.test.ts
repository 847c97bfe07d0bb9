import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { tenantControlPlanes } from '../../src/api/v1alpha1/tenant-control-plane.ts';
import { recordFigure } from '../support/figures.ts';
import { type DatabaseServer, openDatabase, startDatabaseServer } from '../support/management-database.ts';
import { type ManagementCluster, startManagementCluster } from '../support/management-cluster.ts';
import { permit } from '../support/permissions.ts';
import { type Answer, type RestApi, type RestRequest, startRest, tokenOf } from '../support/rest-api.ts';
import { waitUntil } from '../support/wait-until.ts';

jest.setTimeout(60_000);

const path = '/v1/namespaces/team-a/controlplanes';
const spec = { dataStore: 'default', kubernetes: { version: 'v1.36.3' } };
const ownerName = 'system:serviceaccount:team-a:owner';

const started = new AsyncDisposableStack();
let cluster: ManagementCluster;
let server: DatabaseServer;
/** Two replicas on one database. */
let rest: RestApi;
let other: RestApi;
/** May do everything with control planes in team-a. */
let owner: string;
/** May read the audit trail. */
let auditor: string;

beforeAll(async () => {
  [cluster, server] = await Promise.all([startManagementCluster(), startDatabaseServer()]);
  started.use(server);
  started.use(cluster);
  const address = await server.createDatabase();
  for (const set of [(api: RestApi) => (rest = api), (api: RestApi) => (other = api)]) {
    const database = started.use(await openDatabase(address));
    set(started.use(await startRest(cluster.client, undefined, { database })));
  }
  const { client, kubeconfigPath } = cluster;
  owner = await tokenOf(kubeconfigPath, { namespace: 'team-a', name: 'owner' });
  auditor = await tokenOf(kubeconfigPath, { namespace: 'team-a', name: 'auditor' });
  await permit(client, { namespace: 'team-a', name: 'owner' }, { resources: ['tenantcontrolplanes'] });
  const reading = { resources: ['audittrails'], verbs: ['get', 'list'], isEverywhere: true };
  await permit(client, { namespace: 'team-a', name: 'auditor' }, reading);
}, 120_000);

afterAll(() => started.disposeAsync());

type Entry = Readonly<Record<string, unknown>>;

async function audit(query = ''): Promise<readonly Entry[]> {
  const { status, body } = await rest.ask('GET', `/v1/audit?limit=500${query}`, { token: auditor });
  expect(status).toBe(200);
  return body['items'] as readonly Entry[];
}

/** Entries of one request, the first one first, once there are so many. */
async function entriesOf(requestId: string, count: number): Promise<readonly Entry[]> {
  return await waitUntil(`${count} entries of ${requestId}`, async () => {
    const found = (await audit()).filter((entry) => entry['requestId'] === requestId);
    return found.length >= count && found.toReversed();
  });
}

const as = (token: string | undefined, requestId: string, more: RestRequest = {}): RestRequest => ({
  ...more,
  ...(token !== undefined && { token }),
  headers: { ...more.headers, 'x-request-id': requestId },
});

describe('a request that changes something', () => {
  it('is in the audit trail before and after, with who it was and how it went', async () => {
    const headers = { 'user-agent': 'story/1.0' };
    await rest.ask('POST', path, as(owner, 'create-1', { body: { name: 'blue', spec }, headers }));

    const [before, after, ...more] = await entriesOf('create-1', 2);

    const who = {
      user: ownerName,
      groups: expect.arrayContaining(['system:serviceaccounts:team-a']),
      authenticator: 'TokenReview',
      sourceAddress: expect.stringContaining('127.0.0.1'),
      userAgent: 'story/1.0',
      method: 'POST',
      route: '/v1/namespaces/:namespace/controlplanes',
      verb: 'create',
      resource: 'tenantcontrolplanes',
      namespace: 'team-a',
    };
    expect(before).toMatchObject({ ...who, stage: 'RequestReceived', name: 'blue' });
    expect(before).not.toHaveProperty('status');
    expect(after).toMatchObject({ ...who, stage: 'ResponseComplete', status: 201, name: 'blue' });
    expect(after?.['exchange']).toBe(before?.['exchange']);
    expect(more).toEqual([]);
  });

  it('and is refused by the management cluster is there with its problem', async () => {
    const body = { name: 'x', spec: { kubernetes: { version: 'new' } } };
    await rest.ask('POST', path, as(owner, 'create-2', { body }));

    expect((await entriesOf('create-2', 2))[1]).toMatchObject({ status: 422, problemCode: 'InvalidObject' });
  });

  it('leaves neither its body nor its token there', async () => {
    const body = { name: 'quiet', annotations: { 'example.com/secret': 'canary-4711' }, spec };
    await rest.ask('POST', path, as(owner, 'create-3', { body }));
    await entriesOf('create-3', 2);

    const all = JSON.stringify(await audit());
    expect(all).not.toContain('canary-4711');
    expect(all).not.toContain(owner.split('.')[2]);
  });
});

describe('a request that is refused', () => {
  it.each<[string, string, () => string | undefined, string, object]>([
    ['without a token', path, () => undefined, 'refused-1', { status: 401, problemCode: 'Unauthenticated' }],
    [
      'of somebody who may not',
      path,
      () => auditor,
      'refused-2',
      {
        status: 403,
        problemCode: 'Forbidden',
        user: 'system:serviceaccount:team-a:auditor',
        resource: 'tenantcontrolplanes',
        verb: 'list',
      },
    ],
    ['for a name that cannot be', `${path}/A%00`, () => owner, 'refused-3', { status: 400, user: ownerName }],
  ])('%s is there once', async (_, asked, token, ...[requestId, expected]) => {
    await rest.ask('GET', asked, as(token(), requestId));

    const entries = await entriesOf(requestId, 1);

    expect(entries).toEqual([
      expect.objectContaining({ stage: 'ResponseComplete', namespace: 'team-a', ...expected }),
    ]);
  });
});

describe('what is refused', () => {
  it('is there with a name that is cut, however long it came', async () => {
    // Nothing that Postgres could press together, to what an index takes.
    const name = Array.from({ length: 800 }, (_, n) => String.fromCodePoint(0x4e00 + ((n * 7919) % 20_000)));
    const long = encodeURIComponent(name.join(''));
    await rest.ask('GET', `/v1/namespaces/${long}/controlplanes/${long}`, as(owner, 'refused-long'));

    const [entry] = await entriesOf('refused-long', 1);

    expect(entry).toMatchObject({ status: 400, namespace: name.slice(0, 21).join('') });
    expect(entry?.['name']).toBe(name.slice(0, 84).join(''));
  });

  it('is there with the kubeconfig that was asked for, and without a token that somebody put into the path', async () => {
    const control = `${path}/blue`;
    await rest.ask('GET', `${control}/kubeconfigs/of-jane`, as(owner, 'refused-kubeconfig'));
    await rest.ask('DELETE', `${control}/jointokens/abcdef.canary0123456789`, as(owner, 'refused-token'));

    const [kubeconfig] = await entriesOf('refused-kubeconfig', 1);
    const [token] = await entriesOf('refused-token', 1);

    expect(kubeconfig).toMatchObject({ status: 403, name: 'blue', details: { kubeconfig: 'of-jane' } });
    expect(token).toMatchObject({ status: 403, name: 'blue' });
    expect(JSON.stringify(token)).not.toContain('canary');
  });

  it('by the thousand is a bounded number of entries, with the count', async () => {
    const eve = await tokenOf(cluster.kubeconfigPath, { namespace: 'team-a', name: 'eve' });
    const user = 'system:serviceaccount:team-a:eve';
    for (let n = 0; n < 12; n += 1)
      await Promise.all(Array.from({ length: 25 }, () => rest.ask('GET', path, { token: eve })));

    const entries = await waitUntil('all are told', async () => {
      const found = await audit(`&user=${user}`);
      const refusals = found.map(({ details }) => Number((details as Entry)['refusals'] ?? 1));
      return refusals.reduce((a, b) => a + b, 0) === 300 && found;
    });
    expect(entries.length).toBeLessThan(160);
  });
});

it('a change with a parameter that is not known is not done', async () => {
  await rest.ask('POST', path, { token: owner, body: { name: 'careful', spec } });
  const { headers } = await rest.ask('GET', `${path}/careful`, { token: owner });
  const changed = await rest.ask('PATCH', `${path}/careful?dryRun=true`, {
    token: owner,
    headers: { 'if-match': headers.get('etag') ?? '' },
    body: { labels: { dry: 'run' } },
  });

  expect(changed).toMatchObject({ status: 400, body: { errors: [{ parameter: 'dryRun' }] } });
  const after = await rest.ask('GET', `${path}/careful`, { token: owner });
  expect(after.headers.get('etag')).toBe(headers.get('etag'));
});

describe('the audit trail', () => {
  it('has no reads that were answered, and nothing of routes that there are not', async () => {
    await rest.ask('GET', path, as(owner, 'read-1'));
    await rest.ask('GET', `${path}/nobody`, as(owner, 'read-2'));
    await rest.ask('GET', '/v1/nowhere', as(owner, 'read-3'));
    await rest.ask('GET', '/v1/%zz', as(owner, 'read-4'));
    await rest.ask('DELETE', `${path}/nobody`, as(owner, 'delete-1'));
    await entriesOf('delete-1', 2);

    const ids = (await audit()).map((entry) => entry['requestId']);
    expect(ids.filter((id) => String(id).startsWith('read-'))).toEqual([]);
  });

  it('is shown in pages, filtered', async () => {
    for (const n of [1, 2, 3]) await rest.ask('DELETE', `${path}/filtered-${n}`, as(owner, `filtered-${n}`));
    await entriesOf('filtered-3', 2);

    const named = await audit('&name=filtered-2&namespace=team-a');
    expect(named.map((entry) => entry['requestId'])).toEqual(['filtered-2', 'filtered-2']);
    expect(await audit('&user=nobody')).toEqual([]);
    expect(await audit('&to=2020-01-01T00:00:00Z')).toEqual([]);
    const all = await audit(`&user=${ownerName}&from=2020-01-01T00:00:00Z`);

    const found: unknown[] = [];
    for (let cursor = ''; ;) {
      const page = await rest.ask('GET', `/v1/audit?user=${ownerName}&limit=3${cursor}`, { token: auditor });
      found.push(...(page.body['items'] as Entry[]).map(({ sequence }) => sequence));
      const next = page.body['cursor'] as string | undefined;
      if (next === undefined) break;
      cursor = `&cursor=${next}`;
    }
    expect(found).toEqual(all.map(({ sequence }) => sequence));
  });

  it('is for those whom RBAC lets read it', async () => {
    for (const route of ['/v1/audit', '/v1/audit/verification']) {
      expect((await rest.ask('GET', route, { token: owner })).status).toBe(403);
      expect((await rest.ask('GET', route, { token: auditor })).status).toBe(200);
    }
  });

  it('is one chain after changes by way of both replicas at once', async () => {
    const names = Array.from({ length: 20 }, (_, n) => `side-${n}`);
    await Promise.all(
      names.map((name, n) => (n % 2 ? rest : other).ask('DELETE', `${path}/${name}`, as(owner, name))),
    );
    for (const name of names) await entriesOf(name, 2);

    const verified = await rest.ask('GET', '/v1/audit/verification', { token: auditor });
    expect(verified).toMatchObject({ status: 200, body: { intact: true } });
    const { head } = verified.body;
    const again = await rest.ask('GET', `/v1/audit/verification?expectedHead=${String(head)}`, {
      token: auditor,
    });
    expect(again.body).toMatchObject({ intact: true });
    const wrong = `${String(head).split(':')[0]}:${'0'.repeat(64)}`;
    const rewritten = await rest.ask('GET', `/v1/audit/verification?expectedHead=${wrong}`, {
      token: auditor,
    });
    expect(rewritten.body).toMatchObject({ intact: false, finding: { fault: 'Rewritten' } });
  });
});

describe('without the management database', () => {
  it('nothing is changed, reads go on, and it comes back by itself', async () => {
    await rest.ask('POST', path, { token: owner, body: { name: 'stays', spec } });
    await server.postgres.kill();
    try {
      const made = await rest.ask('POST', path, { token: owner, body: { name: 'never', spec } });
      expect(made).toMatchObject({ status: 503, body: { code: 'Unavailable' } });
      expect(made.headers.get('retry-after')).toBe('5');
      expect((await rest.ask('DELETE', `${path}/stays`, { token: owner })).status).toBe(503);
      expect((await rest.ask('GET', '/v1/audit', { token: auditor })).status).toBe(503);

      expect((await rest.ask('GET', `${path}/stays`, { token: owner })).body['deletedAt']).toBeUndefined();
      expect((await rest.ask('GET', `${path}/never`, { token: owner })).status).toBe(404);
      expect((await rest.ask('GET', path, {})).status).toBe(401);
      const never = { namespace: 'team-a', name: 'never' };
      expect(await cluster.client.get(tenantControlPlanes, never)).toBeUndefined();
    } finally {
      await server.postgres.start();
    }

    const made = await waitUntil('changes are taken again', async () => {
      const answer = await rest.ask('POST', path, { token: owner, body: { name: 'later', spec } });
      return answer.status !== 503 && answer;
    });
    expect(made.status).toBe(201);
    const verified = await rest.ask('GET', '/v1/audit/verification', { token: auditor });
    expect(verified.body).toMatchObject({ intact: true });
  });
});

describe('an idempotency key', () => {
  const create = (api: RestApi, key: string, name: string): Promise<Answer> =>
    api.ask('POST', path, { token: owner, body: { name, spec }, headers: { 'idempotency-key': key } });

  it('has what was made answered again, by any replica', async () => {
    const first = await create(rest, 'k-1', 'once');
    const again = await create(other, 'k-1', 'once');

    expect(first.status).toBe(201);
    expect(first.headers.get('idempotent-replayed')).toBeNull();
    expect(again).toMatchObject({ status: 201, body: first.body });
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    for (const header of ['etag', 'location', 'content-type'])
      expect(again.headers.get(header)).toBe(first.headers.get(header));
  });

  it('makes one of what is asked of both replicas at the same time', async () => {
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, n) => create(n % 2 ? rest : other, 'k-2', 'race')),
    );

    const statuses = new Set(answers.map(({ status }) => status));
    expect([...statuses].filter((status) => status !== 201 && status !== 409)).toEqual([]);
    expect(answers.some(({ body }) => body['code'] === 'AlreadyExists')).toBe(false);
    const fresh = answers.filter(
      ({ status, headers }) => status === 201 && !headers.has('idempotent-replayed'),
    );
    expect(fresh).toHaveLength(1);
  });
});

it('an audited change takes little longer than one that is not', async () => {
  const nothing = { isAvailable: true, use: async () => undefined as never, close: async () => undefined };
  await using bare = await startRest(cluster.client, undefined, { database: nothing });
  const measure = async (api: RestApi) => {
    const times: number[] = [];
    for (let n = 0; n < 60; n += 1) {
      const begin = performance.now();
      const body = { name: 'checked', spec };
      const { status } = await api.ask('POST', `${path}?dryRun=true`, { token: owner, body });
      expect(status).toBe(200);
      times.push(performance.now() - begin);
    }
    return times.toSorted((a, b) => a - b)[30] ?? 0;
  };

  await measure(bare);
  const without = await measure(bare);
  const audited = await measure(rest);

  recordFigure(
    'create over REST, median',
    `${audited.toFixed(1)} ms audited, ${without.toFixed(1)} ms not (${(audited / without).toFixed(2)})`,
  );
  expect(audited).toBeLessThan(without + 50);
});
