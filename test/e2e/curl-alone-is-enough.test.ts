import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { restAuthority, restUrl } from '../../hack/local/rest.ts';
import { ensureHostPackages } from '../../hack/toolchain/host-packages.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { connect } from '../../src/kube/kubeconfig.ts';
import { clusterRoleBindings, configMaps, nodes } from '../../src/kube/resources.ts';
import { saveArchivesTo } from '../support/archives.ts';
import { Curl, type CurlAnswer } from '../support/curl.ts';
import { containerWorkers, type LocalCluster, openLocalCluster } from '../support/local-cluster.ts';
import { tokenOf } from '../support/rest-api.ts';
import { waitUntil } from '../support/wait-until.ts';

const storage = 'e2e-curl';
const worker = 'curl-worker';
const note = { namespace: 'default', name: 'note' };

/** One user's day, step after step: what was made before is there. */
describe('with curl alone', () => {
  const started = new AsyncDisposableStack();
  let cluster: LocalCluster;
  let curl: Curl;
  let controlPlanes: string;
  let admin: KubeClient;

  beforeAll(async () => {
    await ensureHostPackages(['curl']);
    cluster = started.use(await openLocalCluster({ name: 'curl' }));
    const { environment, client, namespace } = cluster;
    started.use(await saveArchivesTo(client, storage));
    const user = { namespace, name: 'ana' };
    const token = await tokenOf(environment.managementKubeconfig, user);
    for (const role of ['marina-admin', 'marina-auditor']) {
      const name = `e2e-curl-${role}`;
      await client.apply(
        clusterRoleBindings,
        {
          metadata: { name },
          roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
          subjects: [{ kind: 'ServiceAccount', ...user }],
        },
        { fieldManager: 'e2e' },
      );
      started.defer(async () => {
        await client.delete(clusterRoleBindings, { name });
      });
    }
    curl = new Curl(restUrl(environment.nodeAddress), restAuthority(environment.checkout), token);
    controlPlanes = `/v1/namespaces/${namespace}/controlplanes`;
  }, 120_000);

  afterAll(() => started.disposeAsync(), 180_000);

  it('a control plane is made, and answered when it is Ready', async () => {
    const spec = {
      ...containerWorkers,
      dataStore: 'default',
      controlPlane: { service: { serviceType: 'NodePort' } },
    };
    const made = await curl.ask('POST', `${controlPlanes}?wait=180`, { name: 'coral', spec });
    expect(made).toMatchObject({ status: 201, body: { status: { phase: 'Ready' } } });
  }, 240_000);

  it('a kubeconfig is issued that opens it', async () => {
    const wish = { user: 'ana', clusterRole: 'cluster-admin', lifetimeSeconds: 3_600 };
    const issued = await curl.ask('POST', `${controlPlanes}/coral/kubeconfigs`, { name: 'ana', ...wish });
    expect(issued).toMatchObject({ status: 201, body: { isReady: true, user: 'ana' } });
    const file = cluster.environment.tenantKubeconfig('coral');
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, String(issued.body['kubeconfig']), { mode: 0o600 });
    admin = await connect({ kubeconfigFile: file });
    started.defer(() => admin.close());
    await admin.create(configMaps, { metadata: note, data: { word: 'before' } });
  }, 60_000);

  it('a machine joins by the line that comes with a token', async () => {
    const token = await curl.ask('POST', `${controlPlanes}/coral/jointokens`, { lifetimeSeconds: 600 });
    expect(token.status).toBe(201);
    await cluster.environment.startWorker(worker);
    started.defer(() => cluster.environment.removeWorker(worker));
    await cluster.environment.joinWorker(worker, 'coral', String(token.body['command']));
    expect(await admin.get(nodes, { name: worker })).toBeDefined();
    const revoked = await curl.ask('DELETE', `${controlPlanes}/coral/jointokens/${String(token.body['id'])}`);
    expect(revoked.status).toBe(204);
  }, 240_000);

  it('what its programs say is read', async () => {
    const answer = await curl.text(`${controlPlanes}/coral/logs?component=kube-scheduler&lines=20`);
    expect(answer).toContain('kube-scheduler');
  }, 30_000);

  it('it is saved, and comes back as it was', async () => {
    const { namespace } = cluster;
    const saved = await curl.ask('POST', `/v1/namespaces/${namespace}/backups?wait=120`, {
      name: 'evening',
      spec: { tenantControlPlane: 'coral', storage },
    });
    expect(saved.status).toBe(201);
    await admin.apply(
      configMaps,
      { metadata: note, data: { word: 'after' } },
      { fieldManager: 'e2e', force: true },
    );

    const restored = await curl.ask('POST', `/v1/namespaces/${namespace}/restores?wait=180`, {
      name: 'morning',
      spec: { source: { backup: 'evening' }, tenantControlPlane: 'coral' },
    });
    expect(restored.status).toBe(201);
    const found = await waitUntil(
      'it answers',
      () => admin.get(configMaps, note).catch(() => undefined),
      60_000,
    );
    expect(found.data?.['word']).toBe('before');
  }, 360_000);

  it('it is deleted, and answered when it is gone', async () => {
    for (const made of ['restores/morning', 'backups/evening'])
      await curl.ask('DELETE', `/v1/namespaces/${cluster.namespace}/${made}?wait=60`);
    expect((await curl.ask('DELETE', `${controlPlanes}/coral?wait=120`)).status).toBe(200);
    expect((await curl.ask('GET', `${controlPlanes}/coral`)).status).toBe(404);
  }, 240_000);

  it('all of it is in the audit trail, which is as it was written', async () => {
    const user = `system:serviceaccount:${cluster.namespace}:ana`;
    const { body } = await curl.ask('GET', `/v1/audit?limit=100&user=${encodeURIComponent(user)}`);
    const done = (body['items'] as { readonly verb?: string; readonly resource?: string }[]).map(
      ({ verb, resource }) => `${verb} ${resource}`,
    );
    expect(done).toEqual(
      expect.arrayContaining([
        'create tenantcontrolplanes',
        'create tenantcontrolplanes/kubeconfig',
        'create tenantcontrolplanes/jointoken',
        'delete tenantcontrolplanes/jointoken',
        'create tenantbackups',
        'create tenantrestores',
        'delete tenantcontrolplanes',
      ]),
    );
    const verified: CurlAnswer = await curl.ask('GET', '/v1/audit/verification');
    expect(verified).toMatchObject({ status: 200, body: { intact: true } });
  }, 30_000);
});
