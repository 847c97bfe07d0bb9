import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { importJWK, SignJWT } from 'jose';
import { clusterRoles, roleBindings } from '../../src/kube/resources.ts';
import { type ManagementCluster, startManagementCluster } from '../support/management-cluster.ts';
import { type OidcProvider, signingKey, startOidcProvider } from '../support/oidc-provider.ts';
import { type RestApi, startRest, tokenOf } from '../support/rest-api.ts';
import { createTemporaryDirectory } from '../support/temporary-directory.ts';

jest.setTimeout(60_000);

const controlPlanesOf = (namespace: string) => `/v1/namespaces/${namespace}/controlplanes`;

/** Nothing listens there. */
const noProvider = 'http://127.0.0.1:1';

const started = new AsyncDisposableStack();
let cluster: ManagementCluster;
let provider: OidcProvider;
let rest: RestApi;

beforeAll(async () => {
  const directory = started.use(await createTemporaryDirectory('sign-in'));
  provider = started.use(
    await startOidcProvider({
      keys: [await signingKey('one')],
      users: {
        ada: { groups: ['ops'] },
        bob: { groups: ['dev'] },
        mallory: { groups: ['system:masters'] },
      },
    }),
  );
  const oidcFile = path.join(directory.path, 'oidc.yaml');
  await writeFile(
    oidcFile,
    `
- issuer:
    url: ${provider.issuer}
    audiences: [${provider.clientId}, ${provider.resource}]
  claimMappings:
    username: { claim: sub, prefix: 'people:' }
    groups: { claim: groups, prefix: 'teams:' }
- issuer: { url: ${noProvider}, audiences: [marina] }
  claimMappings: { username: { claim: sub, prefix: 'partners:' } }
`,
  );
  cluster = started.use(await startManagementCluster());
  rest = started.use(await startRest(cluster.client, undefined, { oidcFile }));
  await cluster.client.create(clusterRoles, {
    metadata: { name: 'control-planes' },
    rules: [{ apiGroups: ['marina.dev'], resources: ['tenantcontrolplanes'], verbs: ['*'] }],
  });
  await bind('team-a', { kind: 'User', name: 'people:ada' });
  await bind('team-a', { kind: 'User', name: 'people:pipeline' });
  await bind('team-b', { kind: 'Group', name: 'teams:ops' });
  await bind('team-b', { kind: 'Group', name: 'system:authenticated' });
}, 120_000);

afterAll(() => started.disposeAsync());

async function bind(namespace: string, subject: { readonly kind: 'User' | 'Group'; readonly name: string }) {
  await cluster.client.create(roleBindings, {
    metadata: { namespace, name: subject.name.replaceAll(':', '-') },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'control-planes' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', ...subject }],
  });
}

describe('somebody who signed in with an OpenID provider', () => {
  it('may do what RBAC says of them, and there only', async () => {
    const token = await provider.signIn('ada');
    const body = { name: 'hers', spec: { dataStore: 'default', kubernetes: { version: 'v1.36.3' } } };

    expect(await rest.ask('POST', controlPlanesOf('team-a'), { token, body })).toMatchObject({ status: 201 });
    expect(await rest.ask('GET', `${controlPlanesOf('team-a')}/hers`, { token })).toMatchObject({
      status: 200,
    });
    expect(await rest.ask('GET', controlPlanesOf('team-c'), { token })).toMatchObject({
      status: 403,
      body: { detail: expect.stringContaining('people:ada may not list') },
    });
  });

  it('may do what RBAC says of their group', async () => {
    const ofOps = await provider.signIn('ada');
    const ofDev = await provider.signIn('bob');

    expect(await rest.ask('GET', controlPlanesOf('team-b'), { token: ofOps })).toMatchObject({ status: 200 });
    expect(await rest.ask('GET', controlPlanesOf('team-b'), { token: ofDev })).toMatchObject({ status: 403 });
  });

  it('is no administrator by a group that the provider calls as Kubernetes calls them', async () => {
    const token = await provider.signIn('mallory');

    expect(await rest.ask('GET', controlPlanesOf('team-a'), { token })).toMatchObject({ status: 403 });
  });

  it('can be a machine', async () => {
    const token = await provider.machineToken();

    expect(await rest.ask('GET', controlPlanesOf('team-a'), { token })).toMatchObject({ status: 200 });
  });

  it('is not known by a token that was changed', async () => {
    const [header, claims] = (await provider.signIn('ada')).split('.');

    expect(
      await rest.ask('GET', controlPlanesOf('team-a'), { token: `${header}.${claims}.AAAA` }),
    ).toMatchObject({
      status: 401,
      body: { code: 'Unauthenticated', detail: expect.stringContaining('signed') },
    });
  });
});

describe('somebody whose provider does not answer', () => {
  it('is asked to come again, as their token may be good', async () => {
    const token = await new SignJWT({ sub: 'carol' })
      .setProtectedHeader({ alg: 'RS256', kid: 'one' })
      .setIssuer(noProvider)
      .setAudience('marina')
      .setExpirationTime('1h')
      .sign(await importJWK(await signingKey('one'), 'RS256'));

    const answer = await rest.ask('GET', controlPlanesOf('team-a'), { token });

    expect(answer).toMatchObject({ status: 503, body: { code: 'Unavailable' } });
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  });
});

describe('a ServiceAccount', () => {
  it('is known besides, and not by the name of somebody of the provider', async () => {
    const token = await tokenOf(cluster.kubeconfigPath, { namespace: 'team-a', name: 'ada' });

    expect(await rest.ask('GET', controlPlanesOf('team-a'), { token })).toMatchObject({
      status: 403,
      body: { detail: expect.stringContaining('system:serviceaccount:team-a:ada') },
    });
  });
});
