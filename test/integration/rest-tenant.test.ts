import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { parse } from 'yaml';
import { connect } from '../../src/kube/kubeconfig.ts';
import { tenantControlPlanes } from '../../src/api/v1alpha1/tenant-control-plane.ts';
import { isKubeError } from '../../src/kube/errors.ts';
import { clusterRoles, configMaps, secrets } from '../../src/kube/resources.ts';
import { decodeData } from '../../src/kube/secret-data.ts';
import { AuditEntries } from '../../src/persistence/audit/audit-entries.ts';
import { openEventStream } from '../support/event-stream.ts';
import { type ManagementCluster, startManagementCluster } from '../support/management-cluster.ts';
import { startManagementDatabase } from '../support/management-database.ts';
import { onMachine } from '../support/process-kubelet.ts';
import { permit } from '../support/permissions.ts';
import { type Answer, type RestApi, startRest, tokenOf } from '../support/rest-api.ts';
import { aTenant } from '../support/tenant.ts';
import { waitUntil } from '../support/wait-until.ts';

jest.setTimeout(120_000);

const path = '/v1/namespaces/team-a/controlplanes';

const started = new AsyncDisposableStack();
let cluster: ManagementCluster;
let rest: RestApi;
let trail: AuditEntries;
let owner: string;
/** May see control planes, and nothing that opens them. */
let viewer: string;
let born: Answer;

beforeAll(async () => {
  cluster = started.use(await startManagementCluster());
  await cluster.startMachine({ processes: ['kube-apiserver'] });
  started.defer(await cluster.startMarina());
  const database = started.use(await startManagementDatabase());
  trail = new AuditEntries(database);
  rest = started.use(await startRest(cluster.client, undefined, { database }));
  owner = await grant(
    'owner',
    ['tenantcontrolplanes', 'tenantcontrolplanes/jointoken', 'tenantcontrolplanes/kubeconfig'],
    ['*'],
  );
  viewer = await grant('viewer', ['tenantcontrolplanes', 'operations'], ['get', 'list', 'watch']);
  const { spec } = aTenant({ ...onMachine }, { name: 'unused' });
  born = await rest.ask('POST', `${path}?wait=100`, { token: owner, body: { name: 'blue', spec } });
  await using admin = await adminOf('blue');
  await admin.client.create(clusterRoles, {
    metadata: { name: 'reader' },
    rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['list'] }],
  });
}, 180_000);

afterAll(() => started.disposeAsync());

describe('a control plane that was asked for with ?wait', () => {
  it('is answered when it is Ready', () => {
    expect(born.status).toBe(201);
    expect(born.body['status']).toMatchObject({ phase: 'Ready' });
  });

  it('is answered as it is when the time is over', async () => {
    const body = { name: 'never', spec: { kubernetes: { version: 'v1.36.3' }, dataStore: 'nowhere' } };
    const made = await rest.ask('POST', `${path}?wait=1`, { token: owner, body });
    expect(made.status).toBe(202);
    expect(made.headers.get('location')).toBe(`${path}/never`);
    const gone = await rest.ask('DELETE', `${path}/never?wait=60`, { token: owner });
    expect(gone.status).toBe(200);
    expect((await rest.ask('GET', `${path}/never`, { token: owner })).status).toBe(404);
  });

  it('tells when it reached which step, and what was said about it', async () => {
    const { body: timeline } = await rest.ask('GET', `${path}/blue/timeline`, { token: viewer });
    const steps = (timeline['items'] as { step: string }[]).map(({ step }) => step);
    expect(steps).toEqual(expect.arrayContaining(['Accepted', 'ApiServerReady', 'Ready']));
    expect(steps.at(-1)).toBe('Ready');
    await waitUntil('an Event is there', async () => {
      const { body } = await rest.ask('GET', `${path}/blue/events`, { token: viewer });
      return (body['items'] as { reason: string }[]).some(({ reason }) => reason === 'Ready');
    });
  });
});

describe('an operation', () => {
  it('is named in the answer, and tells how it goes on until it has ended', async () => {
    const made = await follow(born);
    expect(made).toMatchObject({
      kind: 'Create',
      name: 'blue',
      state: 'Succeeded',
      endedAt: expect.any(String),
    });

    const body = { name: 'lost', spec: { kubernetes: { version: 'v1.36.3' }, dataStore: 'nowhere' } };
    const lost = await rest.ask('POST', path, { token: owner, body });
    await waitUntil('it says what it waits for', async () => (await follow(lost))['message'] !== undefined);
    expect(await follow(lost)).toMatchObject({ state: 'Running' });
    const gone = await rest.ask('DELETE', `${path}/lost?wait=60`, { token: owner });
    expect(await follow(gone)).toMatchObject({ kind: 'Delete', state: 'Succeeded' });
    expect(await follow(lost)).toMatchObject({ kind: 'Create', state: 'Failed' });

    const { body: page } = await rest.ask('GET', '/v1/namespaces/team-a/operations?limit=2', {
      token: viewer,
    });
    expect(page).toMatchObject({
      items: [
        { kind: 'Delete', name: 'lost', user: 'system:serviceaccount:team-a:owner' },
        { kind: 'Create', name: 'lost' },
      ],
      cursor: expect.any(String),
    });
    const older = `/v1/namespaces/team-a/operations?cursor=${String(page['cursor'])}&limit=100`;
    const { body: following } = await rest.ask('GET', older, { token: viewer });
    expect(following['items']).toContainEqual(expect.objectContaining({ kind: 'Create', name: 'blue' }));
  });

  it('is not to be seen from another namespace', async () => {
    const location = born.headers.get('operation-location') ?? '';
    const elsewhere = location.replace('/team-a/', '/team-b/');
    expect((await rest.ask('GET', elsewhere, { token: viewer })).status).toBe(403);
  });

  async function follow({ headers }: Answer): Promise<Record<string, unknown>> {
    const answer = await rest.ask('GET', headers.get('operation-location') ?? '', { token: viewer });
    expect(answer.status).toBe(200);
    return answer.body;
  }
});

describe('a join token', () => {
  const tokens = `${path}/blue/jointokens`;

  it('is told once with the ways to use it, signs in, is listed, and is no good once it is taken back', async () => {
    const made = await rest.ask('POST', tokens, {
      token: owner,
      body: { lifetimeSeconds: 600, description: 'for rack 7' },
    });
    expect(made.status).toBe(201);
    expect(made.headers.get('cache-control')).toBe('no-store');
    const { id, token, command, cloudInit } = made.body as Record<string, string>;
    const address = (born.body['status'] as { controlPlaneEndpoint: string }).controlPlaneEndpoint;
    expect(command).toMatch(
      new RegExp(
        `^kubeadm join ${address} --token ${token} --discovery-token-ca-cert-hash sha256:[0-9a-f]{64}$`,
      ),
    );
    expect(cloudInit).toMatch(/^#cloud-config\n/);
    expect(parse(cloudInit ?? '')).toEqual({ runcmd: [command?.split(' ')] });

    expect(await whoReadsKubeadmConfig(token ?? '')).toBe('allowed');
    const listed = await rest.ask('GET', tokens, { token: owner });
    expect(listed.body['items']).toContainEqual(
      expect.objectContaining({ id, description: 'for rack 7', usages: ['authentication', 'signing'] }),
    );
    expect(JSON.stringify(listed.body)).not.toContain(token?.split('.')[1]);

    expect((await rest.ask('DELETE', `${tokens}/${id}`, { token: owner })).status).toBe(204);
    // kube-apiserver believes for ten seconds what it found out about a token.
    await waitUntil(
      'the token is no good',
      async () => (await whoReadsKubeadmConfig(token ?? '')) === 'Unauthorized',
    );
    expect((await rest.ask('DELETE', `${tokens}/${id}`, { token: owner })).status).toBe(404);
  });

  it('that cannot join has no command', async () => {
    const { status, body } = await rest.ask('POST', tokens, { token: owner, body: { usages: ['signing'] } });
    expect(status).toBe(201);
    expect(body).not.toHaveProperty('command');
  });

  it.each([
    ['lifetimeSeconds', { lifetimeSeconds: 1 }, '/lifetimeSeconds'],
    ['a group', { groups: ['system:masters'] }, '/groups/0'],
    ['a usage', { usages: ['everything'] }, '/usages/0'],
  ])('with a wrong value for %s is refused, and told where', async (_, body, pointer) => {
    const answer = await rest.ask('POST', tokens, { token: owner, body });
    expect(answer.status).toBe(400);
    expect(answer.body['errors']).toContainEqual(expect.objectContaining({ pointer }));
  });

  it('is for those who may have one, also where they may see the control plane', async () => {
    expect((await rest.ask('GET', tokens, { token: viewer })).status).toBe(403);
    expect((await rest.ask('POST', tokens, { token: viewer, body: {} })).status).toBe(403);
    expect((await rest.ask('DELETE', `${tokens}/abcdef`, { token: viewer })).status).toBe(403);
  });

  it('is not to be had of a control plane that has no address yet', async () => {
    const body = { name: 'unborn', spec: { kubernetes: { version: 'v1.36.3' }, dataStore: 'nowhere' } };
    await rest.ask('POST', path, { token: owner, body });
    const answer = await rest.ask('POST', `${path}/unborn/jointokens`, { token: owner, body: {} });
    expect(answer.status).toBe(409);
    expect((await rest.ask('DELETE', `${path}/unborn?wait=60`, { token: owner })).status).toBe(200);
  });

  it('is in the audit trail by its public part, when it is issued and when it is taken back', async () => {
    const made = await rest.ask('POST', tokens, { token: owner, body: {} });
    const id = String(made.body['id']);
    await rest.ask('DELETE', `${tokens}/${id}`, { token: owner });

    const entries = await waitUntil('all of it is told', async () => {
      const found = await trail.list({ name: 'blue', limit: 4 });
      return found[0]?.method === 'DELETE' && found[0].stage === 'ResponseComplete' && found;
    });
    expect(entries.map(({ details }) => details)).toEqual([{ token: id }, { token: id }, { issued: id }, {}]);
    expect(JSON.stringify(entries.map(({ details }) => details))).not.toContain(String(made.body['token']));
  });

  it('cannot be used to take other Secrets of the cluster away', async () => {
    const answer = await rest.ask('DELETE', `${tokens}/..%2Fdefault`, { token: owner });
    expect(answer.status).toBe(400);
  });

  it('is not listed beside more than Marina takes from a tenant at once, and is so again without that', async () => {
    await using admin = await adminOf('blue');
    const large = ['aaaaaa', 'bbbbbb'].map((id) => ({
      metadata: { namespace: 'kube-system', name: `bootstrap-token-${id}` },
      type: 'bootstrap.kubernetes.io/token',
      data: { filling: Buffer.alloc(900 * 1024).toString('base64') },
    }));
    for (const each of large) await admin.client.create(secrets, each);

    const answer = await rest.ask('GET', tokens, { token: owner });

    for (const { metadata } of large) await admin.client.delete(secrets, metadata);
    expect(answer).toMatchObject({ status: 409, body: { code: 'Conflict' } });
    expect(await rest.ask('GET', tokens, { token: owner })).toMatchObject({ status: 200 });
  });

  async function whoReadsKubeadmConfig(token: string): Promise<string> {
    const found = await cluster.client.get(secrets, { namespace: 'team-a', name: 'blue-kubeconfig' });
    const admin = Object.values(decodeData(found)).join('');
    const [entry] = (parse(admin) as { clusters: { cluster: Record<string, string> }[] }).clusters;
    const { server = '', 'certificate-authority-data': ca = '' } = entry?.cluster ?? {};
    const client = await connect({ server, ca: Buffer.from(ca, 'base64').toString(), token });
    try {
      await client.get(configMaps, { namespace: 'kube-system', name: 'kubeadm-config' });
      return 'allowed';
    } catch (error: unknown) {
      if (isKubeError(error)) return error.code;
      throw error;
    } finally {
      await client.close();
    }
  }
});

describe('a kubeconfig', () => {
  const kubeconfigs = `${path}/blue/kubeconfigs`;
  const reader = { user: 'rita', groups: ['auditors'], clusterRole: 'reader', lifetimeSeconds: 600 };

  it('is issued with its role, listed without the file, and opens nothing once it is revoked', async () => {
    const issued = await rest.ask('POST', kubeconfigs, { token: owner, body: reader });
    expect(issued.status).toBe(201);
    expect(issued.headers.get('cache-control')).toBe('no-store');
    const { name, kubeconfig } = issued.body as Record<string, string>;
    expect(issued.headers.get('location')).toBe(`${kubeconfigs}/${name}`);
    expect(issued.body).toMatchObject({ user: 'rita', groups: ['auditors'], isReady: true });
    expect(await readsConfigMaps(kubeconfig ?? '')).toBe('allowed');

    const listed = await rest.ask('GET', kubeconfigs, { token: owner });
    expect(listed.body['items']).toContainEqual(expect.objectContaining({ name, clusterRole: 'reader' }));
    expect(JSON.stringify(listed.body)).not.toContain('client-key-data');
    const again = await rest.ask('GET', `${kubeconfigs}/${name}`, { token: owner });
    expect(again.body['kubeconfig']).toBe(kubeconfig);

    const revoked = await rest.ask('DELETE', `${kubeconfigs}/${name}`, { token: owner });
    expect(revoked.status).toBe(200);
    expect(revoked.body['remaining']).toContain('user rita, group auditors');
    await waitUntil(
      'it opens nothing',
      async () => (await readsConfigMaps(kubeconfig ?? '')) === 'Forbidden',
    );
    expect((await rest.ask('GET', `${kubeconfigs}/${name}`, { token: owner })).status).toBe(404);
  });

  it.each([
    ['a group of Kubernetes’ own', { groups: ['system:masters'] }, 422, '/groups/0'],
    ['a user of Kubernetes’ own', { user: 'system:admin' }, 422, '/user'],
    ['a life of a second', { lifetimeSeconds: 1 }, 400, '/lifetimeSeconds'],
    ['a member that there is not', { admin: true }, 400, '/admin'],
  ])('with %s is refused, and told where', async (_, difference, status, pointer) => {
    const answer = await rest.ask('POST', kubeconfigs, { token: owner, body: { ...reader, ...difference } });
    expect(answer.status).toBe(status);
    expect(answer.body['errors']).toContainEqual(expect.objectContaining({ pointer }));
  });

  it('is for those who may have one, also where they may see the control plane', async () => {
    expect((await rest.ask('GET', kubeconfigs, { token: viewer })).status).toBe(403);
    expect((await rest.ask('POST', kubeconfigs, { token: viewer, body: reader })).status).toBe(403);
    expect((await rest.ask('GET', `${kubeconfigs}/any`, { token: viewer })).status).toBe(403);
    expect((await rest.ask('DELETE', `${kubeconfigs}/any`, { token: viewer })).status).toBe(403);
  });

  it('of another control plane is not to be had here', async () => {
    const issued = await rest.ask('POST', kubeconfigs, { token: owner, body: { ...reader, name: 'mine' } });
    expect(issued.status).toBe(201);
    const body = { name: 'other', spec: { kubernetes: { version: 'v1.36.3' }, dataStore: 'nowhere' } };
    await rest.ask('POST', path, { token: owner, body });
    const answer = await rest.ask('GET', `${path}/other/kubeconfigs/mine`, { token: owner });
    expect(answer.status).toBe(404);
    expect((await rest.ask('DELETE', `${path}/other?wait=60`, { token: owner })).status).toBe(200);
  });

  async function readsConfigMaps(kubeconfig: string): Promise<string> {
    const client = await connect({ kubeconfig });
    try {
      await client.list(configMaps, { namespace: 'default' });
      return 'allowed';
    } catch (error: unknown) {
      if (isKubeError(error)) return error.code;
      throw error;
    } finally {
      await client.close();
    }
  }
});

describe('a watch', () => {
  it('tells what there is, what changes, and goes on where it ended', async () => {
    const url = `${rest.url}/v1/watch/namespaces/team-a/controlplanes`;
    const authorization = `Bearer ${viewer}`;
    const stream = await openEventStream(url, { authorization });
    expect(stream.status).toBe(200);
    await stream.next('what there is', ({ event, data }) => event === 'added' && data['name'] === 'blue');
    await stream.next('the end of it', ({ event }) => event === 'bookmark');

    await label('colour', 'navy');
    const changed = await stream.next(
      'the change',
      ({ event, data }) => event === 'modified' && 'colour' in (data['labels'] as object),
    );
    await stream[Symbol.asyncDispose]();

    await label('colour', null);
    await using again = await openEventStream(url, { authorization, 'last-event-id': changed.id ?? '' });
    const next = await again.next('what came after', ({ event }) => event !== 'bookmark');
    expect(next.event).toBe('modified');
    expect(next.data['labels']).toEqual({});
  });

  it('that was left too long ago is told to begin anew', async () => {
    const url = `${rest.url}/v1/watch/namespaces/team-a/controlplanes`;
    await using stream = await openEventStream(url, {
      authorization: `Bearer ${viewer}`,
      'last-event-id': '1',
    });
    const { id } = await stream.next('the reset', ({ event }) => event === 'reset');
    expect(id).toBe('');
    await stream.ended;
  });

  it('is for those who may', async () => {
    const answer = await rest.ask('GET', '/v1/watch/namespaces/team-b/controlplanes', { token: viewer });
    expect(answer.status).toBe(403);
  });

  async function label(key: string, value: string | null): Promise<void> {
    const { headers } = await rest.ask('GET', `${path}/blue`, { token: owner });
    const answer = await rest.ask('PATCH', `${path}/blue`, {
      token: owner,
      headers: { 'if-match': headers.get('etag') ?? '' },
      body: { labels: { [key]: value } },
    });
    if (answer.status === 412) return await label(key, value);
    expect(answer.status).toBe(200);
  }
});

async function adminOf(name: string) {
  const tenant = await cluster.client.get(tenantControlPlanes, { namespace: 'team-a', name });
  if (!tenant) throw new Error(`there is no control plane ${name}`);
  const client = await cluster.adminOf(tenant);
  return { client, [Symbol.asyncDispose]: () => client.close() };
}

async function grant(name: string, resources: string[], verbs: string[]): Promise<string> {
  const who = { namespace: 'team-a', name };
  const token = await tokenOf(cluster.kubeconfigPath, who);
  await permit(cluster.client, who, { resources, verbs });
  return token;
}
