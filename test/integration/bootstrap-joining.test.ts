import { execFile } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import path from 'node:path';
import { promisify } from 'node:util';

import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';

import { ensureBinaries } from '../../hack/toolchain/binaries.ts';
import { reconcileBootstrap } from '../../src/bootstrap/apply.ts';
import type { BootstrapInput } from '../../src/bootstrap/input.ts';
import { buildBootstrapObjects } from '../../src/bootstrap/index.ts';
import { hostAndPort } from '../../src/bootstrap/endpoint.ts';
import { buildJoinToken, joinCommand } from '../../src/bootstrap/join-token.ts';
import { checkJoinable, type Joinable } from '../../src/bootstrap/readiness.ts';
import { refOf } from '../../src/kube/resource.ts';
import { configMaps, secrets } from '../../src/kube/resources.ts';
import { aBootstrapInput } from '../support/bootstrap-input.ts';
import { startProcess, type RunningProcess } from '../support/processes.ts';
import { startTenantCluster, type TenantCluster } from '../support/tenant-cluster.ts';
import { createTemporaryDirectory } from '../support/temporary-directory.ts';
import { waitUntil } from '../support/wait-until.ts';

const run = promisify(execFile);
const clusterInfo = { namespace: 'kube-public', name: 'cluster-info' };

let resources: AsyncDisposableStack;
let cluster: TenantCluster;
let input: BootstrapInput;
let signer: RunningProcess;

beforeAll(async () => {
  resources = new AsyncDisposableStack();
  cluster = resources.use(await startTenantCluster());
  input = aBootstrapInput({
    endpoint: { host: '127.0.0.1', port: cluster.apiserver.port },
    certificateAuthority: cluster.apiserver.ca.certificate,
  });
  signer = await startSigner();
  resources.defer(() => signer.kill());
}, 60_000);

afterAll(async () => {
  await resources.disposeAsync();
}, 30_000);

beforeEach(async () => {
  signer.resume();
  await cluster.client.delete(configMaps, clusterInfo);
  const { items } = await cluster.client.list(secrets, { namespace: 'kube-system' });
  for (const secret of items) await cluster.client.delete(secrets, refOf(secret));
});

test('a cluster is joinable exactly when the real kubeadm join finds all that it needs', async () => {
  const token = { tokenId: 'abcdef', tokenSecret: '0123456789abcdef', expiresAt: inAnHour() };
  signer.pause();
  expect(await joinable()).toMatchObject({ joinable: false, reason: 'ClusterInfoMissing' });

  await reconcileBootstrap(cluster.client, buildBootstrapObjects(input));
  expect(await joinable()).toEqual({ joinable: true });

  await cluster.client.create(secrets, buildJoinToken(token));
  expect(await joinable()).toMatchObject({ joinable: false, reason: 'TokenNotSigned' });

  signer.resume();
  await waitUntil('cluster-info is signed', async () => (await joinable()).joinable);
  const printed = await kubeadmJoinPreflight(
    joinCommand({ address: hostAndPort(input.endpoint), token, caHash: caHash() }).join(' '),
  );
  expect(printed).toContain('Reading configuration from the "kubeadm-config" ConfigMap');
}, 60_000);

test('a signature over an earlier endpoint does not count', async () => {
  const token = { tokenId: 'fedcba', tokenSecret: 'fedcba9876543210', expiresAt: inAnHour() };
  await reconcileBootstrap(cluster.client, buildBootstrapObjects(input));
  await cluster.client.create(secrets, buildJoinToken(token));
  await waitUntil('cluster-info is signed', async () => (await joinable()).joinable);
  signer.pause();

  const moved = { ...input, endpoint: { host: 'api.tenant.example', port: 6443 } };
  expect(await joinable(moved)).toMatchObject({ joinable: false, reason: 'ClusterInfoOutdated' });
  await reconcileBootstrap(cluster.client, buildBootstrapObjects(moved));
  expect(await joinable(moved)).toMatchObject({ joinable: false, reason: 'TokenNotSigned' });

  signer.resume();
  await waitUntil('cluster-info is signed anew', async () => (await joinable(moved)).joinable);
}, 60_000);

test('writing cluster-info anew leaves the signatures to those who made them', async () => {
  const token = { tokenId: '012345', tokenSecret: '0123456789abcdef', expiresAt: inAnHour() };
  await reconcileBootstrap(cluster.client, buildBootstrapObjects(input));
  await cluster.client.create(secrets, buildJoinToken(token));
  await waitUntil('cluster-info is signed', async () => (await joinable()).joinable);
  signer.pause();
  const signed = await cluster.client.get(configMaps, clusterInfo);

  await cluster.client.patch(configMaps, clusterInfo, {
    type: 'merge',
    body: { data: { kubeconfig: 'broken' } },
  });
  const report = await reconcileBootstrap(cluster.client, buildBootstrapObjects(input));

  expect(report.phases[0]?.applied).toEqual([
    { object: 'ConfigMap kube-public/cluster-info', paths: ['data.kubeconfig'] },
  ]);
  expect((await cluster.client.get(configMaps, clusterInfo))?.data).toEqual(signed?.data);
  signer.resume();
}, 60_000);

async function joinable(wanted = input): Promise<Joinable> {
  return await checkJoinable(cluster.client, { ...wanted, now: new Date() });
}

function inAnHour(): Date {
  return new Date(Date.now() + 3_600_000);
}

function caHash(): string {
  const { publicKey } = new X509Certificate(input.certificateAuthority);
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex');
}

/** All that kubeadm join does before it touches the machine: discovery, and reading its configuration with the token. */
async function kubeadmJoinPreflight(command: string): Promise<string> {
  const { kubeadm } = await ensureBinaries(['kubeadm']);
  const args = command.split(' ').slice(2);
  const join = ['join', 'phase', 'preflight', ...args, '--ignore-preflight-errors=all', '--node-name=worker'];
  return (await run(kubeadm, join)).stdout;
}

/** The kube-controller-manager with the one controller that signs cluster-info. */
async function startSigner(): Promise<RunningProcess> {
  const { 'kube-controller-manager': command } = await ensureBinaries(['kube-controller-manager']);
  const directory = resources.use(await createTemporaryDirectory('signer'));
  return await startProcess({
    command,
    args: [
      `--kubeconfig=${cluster.apiserver.kubeconfigPath}`,
      '--controllers=bootstrap-signer-controller',
      '--leader-elect=false',
      '--secure-port=0',
    ],
    logFile: path.join(directory.path, 'kube-controller-manager.log'),
  });
}
