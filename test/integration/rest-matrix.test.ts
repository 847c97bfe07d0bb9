import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { kinds } from '../../src/api/v1alpha1/crd.ts';
import { type Clock, systemClock } from '../../src/engine/clock.ts';
import type { KubeObject, Resource } from '../../src/kube/resource.ts';
import {
  clusterRoleBindings,
  clusterRoles,
  roleBindings,
  secrets,
  serviceAccounts,
} from '../../src/kube/resources.ts';
import { AccessReviews, type Permission } from '../../src/rest/authorization/access-reviews.ts';
import { type Route, routesOf } from '../../src/rest/openapi/document.ts';
import type { RoutePermission } from '../../src/rest/openapi/operation.ts';
import { controllers } from '../../src/rest/rest.module.ts';
import { expectedStatus, objectName, requestOf } from '../api/route-requests.ts';
import { recordFigure } from '../support/figures.ts';
import { type ManagementCluster, startManagementCluster } from '../support/management-cluster.ts';
import { type RestApi, startRest, tokenOf } from '../support/rest-api.ts';
import { mintToken } from '../support/service-account-token.ts';
import { waitUntil } from '../support/wait-until.ts';

const routes = routesOf(controllers);
const apiGroup = 'marina.dev';
const rbac = 'rbac.authorization.k8s.io';

/** Waiting for what nobody does here (a kubeconfig that is issued) is over at once. */
const hurried: Clock = { ...systemClock, after: (ms, callback) => systemClock.after(ms / 100, callback) };

interface Rule {
  readonly apiGroups: string[];
  readonly resources: string[];
  readonly verbs: string[];
}
const everything: Rule = { apiGroups: [apiGroup], resources: ['*'], verbs: ['*'] };

/** Who comes with what is no good for the route, and how that ends. */
interface Caller {
  readonly who: string;
  readonly token: string | undefined;
  readonly status: 401 | 403;
  /** In the audit trail; nobody where the token says nothing that may be believed. */
  readonly user: string | undefined;
}

const started = new AsyncDisposableStack();
let cluster: ManagementCluster;
let rest: RestApi;
let auditor: string;
let strangers: readonly Caller[];
let neighbour: Caller;
/** By `keyOf`: tokens of who may do all but this, and of who may do this alone. */
const lacking = new Map<string, string>();
const having = new Map<string, string>();

beforeAll(async () => {
  cluster = started.use(await startManagementCluster());
  rest = started.use(await startRest(cluster.client, undefined, { clock: hurried }));
  await makeObjects();
  auditor = await account('auditor', [{ ...everything, resources: ['audittrails'] }]);
  strangers = await makeStrangers();
  neighbour = {
    who: 'of another namespace',
    token: await account('neighbour', [everything], 'team-b'),
    status: 403,
    user: 'system:serviceaccount:team-a:neighbour',
  };
  await Promise.all(routes.map(makeRoles));
}, 180_000);

afterAll(() => started.disposeAsync());

describe.each(routes.map((route) => [route.method, route.path, route] as const))(
  '%s %s',
  (...[, , route]) => {
    test('is refused to whoever may not, changes nothing then, and is in the audit trail', async () => {
      const callers = [...strangers, ...(reviewed(route) ? [neighbour, lacksOnly(route)] : [])];
      const before = await everyVersion();

      const outcomes = [];
      for (const [index, caller] of callers.entries()) outcomes.push(await refused(route, caller, index));

      expect(outcomes).toEqual(callers.map((caller) => expectedOutcome(route, caller)));
      expect(await everyVersion()).toEqual(before);
    }, 60_000);

    test('is there for whoever may do just that, and is in the audit trail where it is more than reading', async () => {
      await makeObjects();
      const requestId = `${route.operation.id}-allowed`;
      const { status } = await send(route, having.get(keyOf(route)), requestId);

      expect(status).toBe(expectedStatus(route));
      const { method, path, operation } = route;
      if (method === 'GET' && operation.answersSecret !== true) return;
      const entries = await waitUntil(`both entries of ${requestId}`, async () => {
        const found = await entriesOf(requestId);
        return found.length > 1 && found;
      });
      const who = { method, route: path, user: expect.stringContaining(':has-') };
      const about = { namespace: 'team-a', name: nameOf(route), ...detailsOf(route) };
      expect(entries).toEqual([
        expect.objectContaining({ ...who, ...about, stage: 'ResponseComplete', status }),
        expect.objectContaining({ ...who, ...about, stage: 'RequestReceived' }),
      ]);
    }, 60_000);

    test('does nothing when it is asked with a parameter that it does not know', async () => {
      await makeObjects();
      const before = await everyVersion();
      const { path, body, headers } = requestOf(route, await versionOf(route));
      const token = having.get(keyOf(route)) ?? '';
      const answer = await rest.ask(route.method, `${path}?nobodyKnows=1`, { token, body, headers });

      const errors = [{ parameter: 'nobodyKnows', detail: 'is not known here' }];
      expect(answer).toMatchObject({ status: 400, body: { code: 'InvalidRequest', errors } });
      expect(await everyVersion()).toEqual(before);
    }, 60_000);
  },
);

test('no two routes are the same, and each has a permission', () => {
  const keys = routes.map(({ method, path }) => `${method} ${path}`);
  expect(keys).toEqual([...new Set(keys)]);
  const open = routes.filter(({ operation }) => operation.permission === 'authenticated');
  expect(open.map(({ operation }) => operation.id)).toEqual(['getOpenApi']);
  recordFigure('route x role', `${routes.length} routes`);
});

/** Of the object that the trail has to name before anything is done. */
function nameOf(route: Route): string {
  const { path, body } = requestOf(route);
  if (path.includes(objectName)) return objectName;
  return (body as { readonly name: string }).name;
}

/** What the trail has to name beside it. */
function detailsOf({ path, operation }: Route): object {
  const parameters = Object.keys(operation.params ?? {}).filter((name) => path.includes(`:${name}`));
  if (parameters.length === 0) return {};
  const details = Object.fromEntries(parameters.map((name) => [name, expect.any(String)]));
  return { details: expect.objectContaining(details) };
}

async function entriesOf(requestId: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const { body } = await rest.ask('GET', '/v1/audit?limit=20', { token: auditor });
  const items = body['items'] as readonly Readonly<Record<string, unknown>>[];
  return items.filter((entry) => entry['requestId'] === requestId);
}

function expectedOutcome({ method, path }: Route, { who, status, user }: Caller): object {
  const problemCode = status === 401 ? 'Unauthenticated' : 'Forbidden';
  const entry = { method, route: path, status, problemCode, stage: 'ResponseComplete' };
  return {
    who,
    status,
    type: 'application/problem+json; charset=utf-8',
    challenge: status === 401 ? 'Bearer realm="marina.dev"' : null,
    problem: expect.objectContaining({ status, code: problemCode, detail: expect.any(String) }),
    audit: [expect.objectContaining({ ...entry, ...(user !== undefined && { user }) })],
    named: user,
  };
}

async function refused(route: Route, { who, token }: Caller, index: number): Promise<object> {
  const requestId = `${route.operation.id}-${index}`;
  await pace();
  const { status, headers, body } = await send(route, token, requestId);
  const audit = await waitUntil(`an audit entry of ${requestId}`, async () => {
    const found = await entriesOf(requestId);
    return found.length > 0 && found;
  });
  const type = headers.get('content-type');
  const challenge = headers.get('www-authenticate');
  return { who, status, type, challenge, problem: body, audit, named: audit[0]?.['user'] };
}

async function send(route: Route, token: string | undefined, requestId = 'allowed') {
  const { path, body, headers } = requestOf(route, await versionOf(route));
  const all = { ...headers, 'x-request-id': requestId };
  const stopping = new AbortController();
  const isStream = route.path.startsWith('/v1/watch/');
  if (!isStream || token !== having.get(keyOf(route)))
    return await rest.ask(route.method, path, { ...(token && { token }), body, headers: all });
  const response = await fetch(rest.url + path, {
    headers: { ...all, authorization: `Bearer ${token}` },
    signal: stopping.signal,
  });
  stopping.abort();
  return { status: response.status, headers: response.headers, body: {} };
}

/** Refusals of nobody known are written down as long as they are fewer than 50 a second. */
const sentMs: number[] = [];
async function pace(): Promise<void> {
  await waitUntil('fewer than 30 refusals in a second', () => {
    const now = performance.now();
    return Promise.resolve(sentMs.filter((ms) => now - ms < 1_100).length < 30);
  });
  sentMs.push(performance.now());
}

function reviewed({ operation }: Route): RoutePermission | undefined {
  return operation.permission === 'authenticated' ? undefined : operation.permission;
}

function isNamespaced({ path }: Route): boolean {
  return path.includes(':namespace');
}

function keyOf(route: Route): string {
  const { verb = 'none', resource = 'none' } = reviewed(route) ?? {};
  const where = isNamespaced(route) ? 'in-team-a' : 'everywhere';
  return `${verb}-${resource.replace('/', '-')}-${where}`;
}

function lacksOnly(route: Route): Caller {
  const name = `lacks-${keyOf(route)}`;
  const user = `system:serviceaccount:team-a:${name}`;
  return { who: 'who may do all but this', token: lacking.get(keyOf(route)), status: 403, user };
}

async function makeStrangers(): Promise<readonly Caller[]> {
  const owner = { namespace: 'team-a', name: 'owner' };
  await account(owner.name, [everything]);
  const { metadata } = (await cluster.client.get(serviceAccounts, owner)) ?? {};
  const nowMs = Date.now();
  const expired = await mintToken(cluster.apiserver, {
    ...owner,
    uid: metadata?.uid ?? '',
    issuedAt: new Date(nowMs - 7_200_000),
    expiresAt: new Date(nowMs - 3_600_000),
  });
  const otherAudience = await tokenOf(cluster.kubeconfigPath, owner, 'https://kubernetes.default.svc');
  const replayed = await account('leaver', [everything]);
  const works = async () => (await rest.ask('GET', '/v1/openapi.json', { token: replayed })).status === 200;
  expect(await works()).toBe(true);
  await cluster.client.delete(serviceAccounts, { namespace: 'team-a', name: 'leaver' });
  await waitUntil('the token of a deleted ServiceAccount is no good', async () => !(await works()));
  return Object.entries({
    'without a token': undefined,
    'with a token for another audience': otherAudience,
    'with a token that has ended': expired,
    'with a token whose ServiceAccount is gone': replayed,
  }).map(([who, token]) => ({ who, token, status: 401, user: undefined }));
}

/** Two for each permission that a route asks for: all but it, and it alone. */
async function makeRoles(route: Route): Promise<void> {
  const key = keyOf(route);
  if (having.has(key)) return;
  having.set(key, '');
  const permission = reviewed(route);
  const here = isNamespaced(route) ? 'team-a' : undefined;
  if (!permission) {
    having.set(key, await account(`has-${key}`, []));
    return;
  }
  const alone = { apiGroups: [apiGroup], resources: [permission.resource], verbs: [permission.verb] };
  having.set(key, await account(`has-${key}`, [alone], here));
  lacking.set(key, await account(`lacks-${key}`, allBut(permission)));
}

function allBut({ verb, resource }: RoutePermission): Rule[] {
  const required = routes.flatMap((route) => reviewed(route) ?? []);
  const others = new Set(required.map((each) => each.resource).filter((each) => each !== resource));
  const verbs = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'];
  return [
    { ...everything, resources: [...others] },
    { ...everything, resources: [resource], verbs: verbs.filter((each) => each !== verb) },
  ];
}

/** A token of a new ServiceAccount in `team-a` with these rights in a namespace, or everywhere; they count when it resolves. */
async function account(name: string, rules: readonly Rule[], namespace?: string): Promise<string> {
  const { client } = cluster;
  const who = { namespace: 'team-a', name };
  const { metadata } = await client.create(serviceAccounts, { metadata: who });
  const [rule] = rules;
  if (rule) {
    await client.create(clusterRoles, { metadata: { name }, rules: [...rules] });
    const binding = {
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name },
      subjects: [{ kind: 'ServiceAccount', ...who }],
    };
    if (namespace === undefined) await client.create(clusterRoleBindings, { metadata: { name }, ...binding });
    else await client.create(roleBindings, { metadata: { namespace, name }, ...binding });
    await untilAllowed(name, {
      resource: rule.resources[0]?.replace('*', 'tenantcontrolplanes') ?? '',
      verb: (rule.verbs[0]?.replace('*', 'get') ?? 'get') as Permission['verb'],
      ...(namespace !== undefined && { namespace }),
    });
  }
  const issuedAt = new Date();
  const expiresAt = new Date(issuedAt.getTime() + 3_600_000);
  return await mintToken(cluster.apiserver, { ...who, uid: metadata?.uid ?? '', issuedAt, expiresAt });
}

async function untilAllowed(name: string, permission: Permission): Promise<void> {
  const reviews = new AccessReviews(cluster.client, systemClock);
  const username = `system:serviceaccount:team-a:${name}`;
  const identity = { authenticator: 'TokenReview', username, groups: [], extra: {} } as const;
  await waitUntil(`${name} is bound`, () => reviews.allows(identity, permission));
}

/** One of each kind that a route can name; those that are there stay. */
async function makeObjects(): Promise<void> {
  const specs: Readonly<Record<string, object>> = {
    TenantControlPlane: { dataStore: 'default', kubernetes: { version: 'v1.36.3' } },
    TenantBackup: { tenantControlPlane: objectName, storage: objectName },
    TenantRestore: { source: { backup: objectName }, tenantControlPlane: objectName },
    TenantKubeconfig: { controlPlaneName: objectName, user: 'jane', groups: ['developers'] },
    ControlPlaneClass: { versions: { offered: ['v1.36.3'], default: 'v1.36.3' } },
    ControlPlaneQuota: { hard: { controlPlanes: 100 } },
    DataStore: await specOfDataStore(),
    BackupStorage: { volume: {}, encryption: { recipients: [`age1${'q'.repeat(58)}`] } },
  };
  for (const [kind, spec] of Object.entries(specs)) {
    const resource = resourceOf(kind);
    const ref = { ...(resource.namespaced && { namespace: 'team-a' }), name: objectName };
    if (!(await cluster.client.get(resource, ref)))
      await cluster.client.create(resource, { metadata: ref, spec } as KubeObject);
  }
}

async function specOfDataStore(): Promise<object> {
  const found = await cluster.client.get(resourceOf('DataStore'), { name: 'default' });
  return (found as unknown as { readonly spec: object }).spec;
}

function resourceOf(kind: string): Resource {
  const found = kinds.find(({ resource }) => resource.kind === kind);
  if (!found) throw new Error(`there is no kind ${kind}`);
  return found.resource;
}

/** Of the object that the route names, for If-Match. */
async function versionOf(route: Route): Promise<string | undefined> {
  const found = kinds.find(({ resource }) => resource.plural === reviewed(route)?.resource);
  if (!found?.resource.namespaced) return undefined;
  const object = await cluster.client.get(found.resource, { namespace: 'team-a', name: objectName });
  return object?.metadata?.resourceVersion;
}

/** Of everything that REST could change here. */
async function everyVersion(): Promise<ReadonlyMap<string, string>> {
  const versions = new Map<string, string>();
  const resources: readonly Resource[] = [...kinds.map(({ resource }) => resource), secrets];
  for (const resource of resources) {
    const { items } = await cluster.client.list(resource);
    for (const { metadata } of items)
      versions.set(
        `${resource.kind} ${metadata?.namespace} ${metadata?.name}`,
        metadata?.resourceVersion ?? '',
      );
  }
  return versions;
}
