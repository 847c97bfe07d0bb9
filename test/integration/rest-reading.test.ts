import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { tenantControlPlanes } from '../../src/api/v1alpha1/tenant-control-plane.ts';
import { silentLog } from '../../src/engine/log.ts';
import { clusterRoleBindings } from '../../src/kube/resources.ts';
import { openEventStream } from '../support/event-stream.ts';
import { type ManagementCluster, startManagementCluster } from '../support/management-cluster.ts';
import { type RestApi, startRest, tokenOf } from '../support/rest-api.ts';

jest.setTimeout(60_000);

const list = '/v1/namespaces/team-a/controlplanes';
const watch = '/v1/watch/namespaces/team-a/controlplanes';

const started = new AsyncDisposableStack();
let cluster: ManagementCluster;
let rest: RestApi;
let token: string;
const errors: object[] = [];

beforeAll(async () => {
  cluster = started.use(await startManagementCluster());
  rest = started.use(await startRest(cluster.client, { ...silentLog, error: (facts) => errors.push(facts) }));
  const reader = { namespace: 'team-a', name: 'reader' };
  token = await tokenOf(cluster.kubeconfigPath, reader);
  await cluster.client.create(clusterRoleBindings, {
    metadata: { name: 'reader' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ kind: 'ServiceAccount', ...reader }],
  });
}, 120_000);

afterAll(() => started.disposeAsync());

it('a watch that goes on is there at once, though nothing has happened since, and its end is no failure', async () => {
  const { metadata } = await cluster.client.list(tenantControlPlanes);
  const headers = { authorization: `Bearer ${token}`, 'last-event-id': metadata.resourceVersion ?? '' };
  {
    await using stream = await openEventStream(rest.url + watch, headers);
    expect(stream.status).toBe(200);
    expect(stream.received).toEqual([]);
  }
  expect((await rest.ask('GET', list, { token })).status).toBe(200);
  expect(errors).toEqual([]);
});

it.each<[string, string, Record<string, string>, number, string]>([
  ['a Last-Event-ID that is no id', watch, { 'last-event-id': '{}' }, 400, 'Last-Event-ID'],
  ['a label selector that is none', `${list}?labelSelector=a%20b`, {}, 400, 'labelSelector'],
  ['a dry run neither true nor false', `${list}?dryRun=1`, {}, 400, 'dryRun'],
])('%s is named', async (_, ...[path, headers, status, parameter]) => {
  const isCreate = path.includes('dryRun');
  const body = { name: 'x', spec: {} };
  const request = { token, headers, ...(isCreate && { body }) };
  const answer = await rest.ask(isCreate ? 'POST' : 'GET', path, request);

  expect(answer).toMatchObject({ status, body: { errors: [{ parameter }] } });
});

it.each(['nonsense', 'eyJ2IjoibWV0YS5rOHMuaW8vdjEifQ'])(
  'the cursor %s is none of a list: it has to be begun anew',
  async (cursor) => {
    const answer = await rest.ask('GET', `${list}?cursor=${cursor}`, { token });

    expect(answer).toMatchObject({ status: 410, body: { code: 'Expired' } });
  },
);

it.each(['a', '!a', 'a=b,c!=d', 'a in (b, c),d notin (e)', 'example.com/a==b', 'a='])(
  'the label selector %s is one of Kubernetes',
  async (selector) => {
    const answer = await rest.ask('GET', `${list}?labelSelector=${encodeURIComponent(selector)}`, { token });

    expect(answer.status).toBe(200);
  },
);
