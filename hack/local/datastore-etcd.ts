import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ensureBinaries } from '../toolchain/binaries.ts';
import type { Issuer } from '../../src/pki/index.ts';
import type { Context } from './context.ts';
import type { Checkout } from './checkout.ts';
import { execute } from './engine.ts';
import { completeEtcdCertificates } from './etcd-certificates.ts';
import type { EtcdCertificates } from './etcd-certificates.ts';
import type { Kubectl } from './kubectl.ts';
import { portForward } from './port-forward.ts';
import { managementNode } from './management-cluster.ts';
import type { Shell } from './shell.ts';

const namespace = 'marina-system';
const inNamespace = ['--namespace', namespace];

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
  const { shell, checkout, engine } = context;
  const manifests = path.join(checkout.root, 'manifests', 'datastores', 'etcd');
  await kubectl.apply([namespaceObject()]);
  const certificates = await ensureCertificates(kubectl);
  // Docker's node image has a provisioner of its own.
  if (engine.road === 'podman') await ensureVolume(context, kubectl);
  await kubectl.applyPath('-k', manifests);
  shell.progress('waiting for etcd');
  await kubectl.run([...inNamespace, 'rollout', 'status', 'statefulset/etcd', '--timeout=120s']);
  await enableAuthentication(shell, checkout, kubectl, certificates);
  await kubectl.applyPath('-f', path.join(manifests, 'datastore.yaml'));
}

/** What is in the cluster already is the truth: tenants trust it. */
async function ensureCertificates(kubectl: Kubectl): Promise<EtcdCertificates> {
  const existing: Partial<Record<keyof EtcdCertificates, Issuer>> = {};
  for (const [key, name] of Object.entries(secretNames)) {
    const secret = await kubectl.get([...inNamespace, 'secret', name]);
    const [certificate, privateKey] = [decode(secret?.data?.['tls.crt']), decode(secret?.data?.['tls.key'])];
    if (certificate && privateKey) existing[key as keyof EtcdCertificates] = { certificate, privateKey };
  }
  const certificates = await completeEtcdCertificates(existing, { now: new Date(), randomBytes });
  await kubectl.apply([
    tlsSecret(secretNames.ca, certificates.ca),
    tlsSecret(secretNames.peerCa, certificates.peerCa),
    tlsSecret(secretNames.root, certificates.root),
    tlsSecret(secretNames.server, certificates.server, certificates.ca),
    tlsSecret(secretNames.peer, certificates.peer, certificates.peerCa),
  ]);
  return certificates;
}

/** A directory of the node as PersistentVolume; its cluster has no provisioner. */
async function ensureVolume(context: Context, kubectl: Kubectl): Promise<void> {
  const { checkout } = context;
  const node = managementNode(checkout);
  const directory = '/var/lib/marina/volumes/etcd-0';
  await execute(context, node, ['mkdir', '-p', directory]);
  const hostname = { key: 'kubernetes.io/hostname', operator: 'In', values: [node] };
  await kubectl.apply([
    {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: 'marina-etcd-0', labels: { 'app.kubernetes.io/part-of': 'marina' } },
      spec: {
        capacity: { storage: '4Gi' },
        accessModes: ['ReadWriteOnce'],
        persistentVolumeReclaimPolicy: 'Retain',
        storageClassName: 'standard',
        claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name: 'data-etcd-0' },
        local: { path: directory },
        nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [hostname] }] } },
      },
    },
  ]);
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

/** Also made by manifests/manager, which says the same; here for `npm run up -- datastore` on its own. */
function namespaceObject(): object {
  const labels = {
    'app.kubernetes.io/part-of': 'marina',
    'pod-security.kubernetes.io/enforce': 'restricted',
  };
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels } };
}

function tlsSecret(name: string, { certificate, privateKey }: Issuer, authority?: Issuer): object {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'kubernetes.io/tls',
    metadata: { name, namespace, labels: { 'app.kubernetes.io/part-of': 'marina' } },
    stringData: {
      'tls.crt': certificate,
      'tls.key': privateKey,
      ...(authority && { 'ca.crt': authority.certificate }),
    },
  };
}

function decode(base64: string | undefined): string | undefined {
  return base64 === undefined ? undefined : Buffer.from(base64, 'base64').toString();
}
