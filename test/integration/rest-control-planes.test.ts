import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { tenantControlPlanes } from '../../src/api/v1alpha1/tenant-control-plane.ts';
import { silentLog } from '../../src/engine/log.ts';
import { KubeError } from '../../src/kube/errors.ts';
import { namespaces, roleBindings } from '../../src/kube/resources.ts';
import { interceptedClient } from '../support/intercepted-client.ts';
import { type ManagementCluster, startManagementCluster } from '../support/management-cluster.ts';
import { permit } from '../support/permissions.ts';
import { type RestApi, startRest, tokenOf } from '../support/rest-api.ts';
import { waitUntil } from '../support/wait-until.ts';

jest.setTimeout(60_000);

const path = '/v1/namespaces/team-a/controlplanes';
const spec = { dataStore: 'default', kubernetes: { version: 'v1.36.3' } };

const started = new AsyncDisposableStack();
let cluster: ManagementCluster;
let rest: RestApi;
/** May do everything with control planes in team-a, and nothing elsewhere. */
let owner: string;
/** What Marina's log says of changes. */
const changes: object[] = [];
/** May do nothing. */
let stranger: string;

beforeAll(async () => {
  cluster = started.use(await startManagementCluster());
  rest = started.use(await startRest(cluster.client, { ...silentLog, info: (facts) => changes.push(facts) }));
  const { client, kubeconfigPath } = cluster;
  owner = await tokenOf(kubeconfigPath, { namespace: 'team-a', name: 'owner' });
  stranger = await tokenOf(kubeconfigPath, { namespace: 'team-a', name: 'stranger' });
  await permit(client, { namespace: 'team-a', name: 'owner' }, { resources: ['tenantcontrolplanes'] });
}, 120_000);

afterAll(() => started.disposeAsync());

describe('control planes over REST', () => {
  it('are made, read, listed, changed and deleted as custom resources', async () => {
    const made = await rest.ask('POST', path, {
      token: owner,
      body: { name: 'blue', labels: { tier: 'gold' }, spec },
    });
    expect(made).toMatchObject({
      status: 201,
      body: { namespace: 'team-a', name: 'blue', labels: { tier: 'gold' }, spec: { dataStore: 'default' } },
    });
    expect(made.headers.get('location')).toBe(`${path}/blue`);
    const object = await cluster.client.get(tenantControlPlanes, { namespace: 'team-a', name: 'blue' });
    expect(made.body['uid']).toBe(object?.metadata?.uid);
    expect(made.headers.get('etag')).toBe(`"${object?.metadata?.resourceVersion}"`);

    const read = await rest.ask('GET', `${path}/blue`, { token: owner });
    expect(read).toMatchObject({ status: 200, body: made.body });

    const body = { spec: { controlPlane: { deployment: { replicas: 2 } } }, labels: { tier: null } };
    const etag = read.headers.get('etag') ?? '';
    const changed = await rest.ask('PATCH', `${path}/blue`, {
      token: owner,
      body,
      headers: { 'if-match': etag },
    });
    expect(changed).toMatchObject({
      status: 200,
      body: { labels: {}, generation: 2, spec: { controlPlane: { deployment: { replicas: 2 } } } },
    });

    const stale = await rest.ask('PATCH', `${path}/blue`, {
      token: owner,
      body,
      headers: { 'if-match': etag },
    });
    expect(stale).toMatchObject({ status: 412, body: { code: 'PreconditionFailed' } });
    const blind = await rest.ask('PATCH', `${path}/blue`, { token: owner, body });
    expect(blind).toMatchObject({ status: 428, body: { code: 'PreconditionRequired' } });

    const deleted = await rest.ask('DELETE', `${path}/blue`, { token: owner });
    expect(deleted.status).toBe(202);
    const gone = await rest.ask('GET', `${path}/blue`, { token: owner });
    expect(gone).toMatchObject({ status: 404, body: { code: 'NotFound' } });
  });

  it('come in pages', async () => {
    const names = ['one', 'three', 'two'];
    for (const name of names) await rest.ask('POST', path, { token: owner, body: { name, spec } });
    const found: string[] = [];
    for (
      let cursor: string | undefined, query = '?limit=2';
      ;
      query = `?limit=2&cursor=${encodeURIComponent(cursor)}`
    ) {
      const { status, body } = await rest.ask('GET', path + query, { token: owner });
      expect(status).toBe(200);
      found.push(...(body['items'] as { name: string }[]).map(({ name }) => name));
      cursor = body['cursor'] as string | undefined;
      if (cursor === undefined) break;
    }
    expect(found).toEqual(names);
  });

  it('are checked without being made', async () => {
    const checked = await rest.ask('POST', `${path}?dryRun=true`, {
      token: owner,
      body: { name: 'maybe', spec },
    });
    expect(checked.status).toBe(200);
    expect((await rest.ask('GET', `${path}/maybe`, { token: owner })).status).toBe(404);
  });
});

describe('a request that cannot be', () => {
  const create = (body: unknown, headers = {}) => rest.ask('POST', path, { token: owner, body, headers });

  it.each<[string, unknown, number, string, string]>([
    ['a field of the envelope', { name: 'x', spec, what: 1 }, 400, 'InvalidRequest', '/what'],
    ['a missing name', { spec }, 400, 'InvalidRequest', '/name'],
    [
      'a version that is none',
      { name: 'x', spec: { kubernetes: { version: 'new' } } },
      422,
      'InvalidObject',
      '/spec/kubernetes/version',
    ],
    [
      'a field of the spec that there is not',
      { name: 'x', spec: { ...spec, colour: 'blue' } },
      400,
      'InvalidRequest',
      '/spec/colour',
    ],
    [
      'an entry of a list',
      { name: 'x', spec: { ...spec, networkProfile: { podCidrs: ['10.0.0.0/8', 'nonsense'] } } },
      422,
      'InvalidObject',
      '/spec/networkProfile/podCidrs/1',
    ],
  ])('is told of %s, and where it is', async (_, ...[body, status, code, pointer]) => {
    const answer = await create(body);
    expect(answer).toMatchObject({ status, body: { status, code } });
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect((answer.body['errors'] as { pointer: string }[]).map((each) => each.pointer)).toContain(pointer);
  });

  it('is told that there is one of this name', async () => {
    await create({ name: 'twice', spec });
    expect(await create({ name: 'twice', spec })).toMatchObject({
      status: 409,
      body: { code: 'AlreadyExists' },
    });
  });

  it.each<[string, unknown, Record<string, string>, number]>([
    ['is no JSON', '{"name":', {}, 400],
    ['is too large', { name: 'x', spec: { filling: 'x'.repeat(300_000) } }, {}, 413],
    ['is YAML', 'name: x', { 'content-type': 'application/yaml' }, 415],
  ])('is refused when its body %s', async (_, body, headers, status) => {
    expect(await create(body, headers)).toMatchObject({ status, body: { status } });
  });

  it.each(['?limit=0', '?limit=many', '?colour=blue'])(
    'is told which parameter is wrong in %s',
    async (query) => {
      const answer = await rest.ask('GET', path + query, { token: owner });
      const [parameter] = query.slice(1).split('=');
      expect(answer).toMatchObject({ status: 400, body: { errors: [{ parameter }] } });
    },
  );
});

describe('a name', () => {
  it.each(['a%2Fstatus', '..%2Fdatastores', 'A', 'a'.repeat(254)])(
    'that cannot be, %s, is refused before anything is asked for it',
    async (name) => {
      const answer = await rest.ask('GET', `${path}/${name}`, { token: owner });
      expect(answer).toMatchObject({ status: 400, body: { errors: [{ parameter: 'name' }] } });
    },
  );

  it('is pointed to in the body that was sent', async () => {
    const answer = await rest.ask('POST', path, { token: owner, body: { name: 'No Name', spec } });
    expect(answer.status).toBe(400);
    expect(answer.body['errors']).toContainEqual(expect.objectContaining({ pointer: '/name' }));
  });

  it('of a label is pointed to in the body that was sent', async () => {
    const body = { name: 'labelled', labels: { 'no key': 'x' }, spec };
    const answer = await rest.ask('POST', path, { token: owner, body });
    expect(answer.status).toBe(422);
    expect(answer.body['errors']).toContainEqual(expect.objectContaining({ pointer: '/labels' }));
  });
});

describe('an admission policy that refuses', () => {
  it('is passed on with its words', async () => {
    const namespaceEnds = { metadata: { name: 'ends', finalizers: ['example.com/hold'] } };
    await cluster.client.create(namespaces, namespaceEnds);
    await cluster.client.create(roleBindings, {
      metadata: { namespace: 'ends', name: 'owner' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'team-a-owner' },
      subjects: [{ kind: 'ServiceAccount', namespace: 'team-a', name: 'owner' }],
    });
    await cluster.client.delete(namespaces, { name: 'ends' });
    const answer = await rest.ask('POST', '/v1/namespaces/ends/controlplanes', {
      token: owner,
      body: { name: 'late', spec },
    });
    expect(answer).toMatchObject({
      status: 403,
      body: { code: 'Forbidden', detail: expect.stringContaining('being terminated') },
    });
    const body = { metadata: { finalizers: null } };
    await cluster.client.patch(namespaces, { name: 'ends' }, { type: 'merge', body });
  });
});

describe('whoever asks', () => {
  it.each<[string, () => Promise<string | undefined>]>([
    ['no token', () => Promise.resolve(undefined)],
    ['a token that is none', () => Promise.resolve('nonsense')],
    [
      'a token for another audience',
      () =>
        tokenOf(
          cluster.kubeconfigPath,
          { namespace: 'team-a', name: 'owner' },
          'https://kubernetes.default.svc',
        ),
    ],
  ])('with %s is not known', async (_, token) => {
    const answer = await rest.ask('GET', path, { token: await token() });
    expect(answer).toMatchObject({ status: 401, body: { code: 'Unauthenticated' } });
    expect(answer.headers.get('www-authenticate')).toContain('Bearer');
  });

  it('may do no more than RBAC allows, and there only', async () => {
    const forbidden = { status: 403, body: { code: 'Forbidden' } };
    expect(await rest.ask('GET', path, { token: stranger })).toMatchObject(forbidden);
    expect(await rest.ask('POST', path, { token: stranger, body: { name: 'x', spec } })).toMatchObject(
      forbidden,
    );
    expect(await rest.ask('GET', '/v1/namespaces/team-b/controlplanes', { token: owner })).toMatchObject(
      forbidden,
    );
    expect(await rest.ask('GET', '/v1/controlplanes', { token: owner })).toMatchObject(forbidden);
  });

  it('is in the log with what they were allowed to change', async () => {
    const body = { name: 'logged', spec };
    await rest.ask('POST', path, { token: owner, body, headers: { 'x-request-id': 'mine-2' } });
    await rest.ask('GET', `${path}/logged`, { token: owner, headers: { 'x-request-id': 'mine-3' } });
    const user = 'system:serviceaccount:team-a:owner';
    expect(changes).toContainEqual(
      expect.objectContaining({ user, verb: 'create', namespace: 'team-a', requestId: 'mine-2' }),
    );
    expect(changes).not.toContainEqual(expect.objectContaining({ requestId: 'mine-3' }));
  });

  it('can name a request, and has it named where the name is no good', async () => {
    const named = await rest.ask('GET', '/nowhere', { headers: { 'x-request-id': 'mine-1' } });
    expect(named).toMatchObject({ status: 404, body: { requestId: 'mine-1' } });
    const renamed = await rest.ask('GET', path, { headers: { 'x-request-id': 'a b' } });
    expect(renamed.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe('a wait', () => {
  const unreachable = new KubeError({ code: 'Unreachable', operation: 'get it', message: 'cut' });

  it('during which the API server gives no answer tells what was made', async () => {
    const client = interceptedClient(cluster.client, async ({ verb, kind }) => {
      if (kind === 'TenantControlPlane' && verb !== 'create') throw unreachable;
    });
    await using own = await startRest(client);

    const made = await own.ask('POST', `${path}?wait=1`, { token: owner, body: { name: 'unseen', spec } });

    expect(made).toMatchObject({ status: 202, body: { name: 'unseen' } });
    expect(made.headers.get('location')).toBe(`${path}/unseen`);
  });

  it('goes on when the API server answers again', async () => {
    const broken = new Set(['get', 'watch']);
    const client = interceptedClient(cluster.client, async ({ verb, kind }) => {
      if (kind === 'TenantControlPlane' && broken.delete(verb)) throw unreachable;
    });
    await using own = await startRest(client);
    const made = own.ask('POST', `${path}?wait=30`, { token: owner, body: { name: 'cut-off', spec } });
    await waitUntil('both have failed', async () => broken.size === 0);
    const ref = { namespace: 'team-a', name: 'cut-off' };
    const ready = { type: 'Ready', status: 'True', reason: 'Ready', message: '' };
    await cluster.client.patch(
      tenantControlPlanes,
      ref,
      {
        type: 'merge',
        body: { status: { conditions: [{ ...ready, lastTransitionTime: new Date().toISOString() }] } },
      },
      { subresource: 'status' },
    );

    expect(await made).toMatchObject({ status: 201, body: { name: 'cut-off' } });
  });
});
