import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ensureBinaries } from '../toolchain/binaries.ts';
import type { Context } from './context.ts';
import type { Checkout } from './checkout.ts';
import {
  ensureMarinaNamespace,
  ensureVolume,
  inNamespace,
  namespace,
  readTlsSecrets,
  tlsSecret,
} from './datastore-objects.ts';
import { completeEtcdCertificates } from './etcd-certificates.ts';
import type { EtcdCertificates } from './etcd-certificates.ts';
import type { Kubectl } from './kubectl.ts';
import { portForward } from './port-forward.ts';
import type { Shell } from './shell.ts';

/** Secrets of the store. The authority's and root's are what the DataStore object names. */
const secretNames: Readonly<Record<keyof EtcdCertificates, string>> = {
  ca: 'etcd-datastore-ca',
  peerCa: 'etcd-peer-ca',
  server: 'etcd-server',
  peer: 'etcd-peer',
  root: 'etcd-datastore-root',
};

/** An etcd with mutual TLS and authentication as a pod, and the DataStore `default` that tells Marina of it. */
export async function ensureEtcdDataStore(context: Context, kubectl: Kubectl): Promise<void> {
  const { shell, checkout } = context;
  const manifests = path.join(checkout.root, 'manifests', 'datastores', 'etcd');
  await ensureMarinaNamespace(kubectl);
  const existing = await readTlsSecrets(kubectl, secretNames);
  const certificates = await completeEtcdCertificates(existing, { now: new Date(), randomBytes });
  const { ca, peerCa, root, server, peer } = certificates;
  await kubectl.apply([
    tlsSecret(secretNames.ca, ca),
    tlsSecret(secretNames.peerCa, peerCa),
    tlsSecret(secretNames.root, root),
    tlsSecret(secretNames.server, server, ca),
    tlsSecret(secretNames.peer, peer, peerCa),
  ]);
  await ensureVolume(context, kubectl, 'etcd-0');
  await kubectl.applyPath('-k', manifests);
  shell.progress('waiting for etcd');
  await kubectl.run([...inNamespace, 'rollout', 'status', 'statefulset/etcd', '--timeout=120s']);
  await enableAuthentication(shell, checkout, kubectl, certificates);
  await kubectl.applyPath('-f', path.join(manifests, 'datastore.yaml'));
}

/** User and role `root`, then `auth enable`; each only when it is not there yet. */
async function enableAuthentication(
  shell: Shell,
  checkout: Checkout,
  kubectl: Kubectl,
  certificates: EtcdCertificates,
): Promise<void> {
  const { etcdctl } = await ensureBinaries(['etcdctl'], shell.progress);
  const files = await writeRootCredential(checkout, certificates);
  await using forward = await portForward(kubectl, { namespace, target: 'pod/etcd-0', port: 2379 });
  const credential = ['--cacert', files.ca, '--cert', files.certificate, '--key', files.key];
  const args = ['--endpoints', `https://127.0.0.1:${forward.port}`, ...credential];
  const ask = (...command: string[]): Promise<string> => shell.run(etcdctl, [...args, ...command]);

  if ((await ask('auth', 'status')).includes('Authentication Status: true')) return;
  shell.progress('enabling authentication in etcd');
  if (!(await ask('user', 'list')).split('\n').includes('root'))
    await ask('user', 'add', 'root', '--no-password');
  if (!(await ask('role', 'list')).split('\n').includes('root')) await ask('role', 'add', 'root');
  await ask('user', 'grant-role', 'root', 'root');
  await ask('auth', 'enable');
}

interface CredentialFiles {
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

/** In `.marina/pki/etcd/`, for etcdctl: ours here, and yours. */
async function writeRootCredential(
  checkout: Checkout,
  certificates: EtcdCertificates,
): Promise<CredentialFiles> {
  const directory = path.join(checkout.stateDirectory, 'pki', 'etcd');
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const files = {
    ca: path.join(directory, 'ca.crt'),
    certificate: path.join(directory, 'root.crt'),
    key: path.join(directory, 'root.key'),
  };
  await writeFile(files.ca, certificates.ca.certificate);
  await writeFile(files.certificate, certificates.root.certificate);
  await writeFile(files.key, certificates.root.privateKey, { mode: 0o600 });
  return files;
}
