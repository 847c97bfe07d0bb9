import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ensureBinaries } from '../../hack/toolchain/binaries.ts';
import { buildKubeconfig } from '../../src/pki/kubeconfig.ts';
import { generateKeyPair } from '../../src/pki/keys.ts';
import type { KeyPair } from '../../src/pki/types.ts';
import { createAuthority, createLeaf } from './certificates.ts';
import type { Credential } from './certificates.ts';
import { startEtcd } from './etcd.ts';
import type { EtcdServer } from './etcd.ts';
import { httpsStatus } from './https.ts';
import { freePort } from './ports.ts';
import { startProcess, waitUntilReady } from './processes.ts';
import type { RunningProcess } from './processes.ts';
import { createTemporaryDirectory } from './temporary-directory.ts';

/** Where the apiserver keeps its objects, and who it is there. */
export interface EtcdAccess {
  /** `host:port` */
  readonly endpoints: readonly string[];
  /** PEM. */
  readonly certificateAuthority: string;
  readonly clientCertificate: string;
  readonly clientKey: string;
  /** With slashes, as in `--etcd-prefix`; default `/registry`. */
  readonly prefix?: string;
}

/** A kine beside it. */
export interface KineAccess {
  /** `unix://<path>` */
  readonly socket: string;
  readonly prefix: string;
}

export interface KubeApiserverOptions {
  /** Default: an etcd of its own. */
  readonly etcd?: EtcdAccess | KineAccess;
  readonly extraArgs?: readonly string[];
  /** Default 10.96.0.0/16. */
  readonly serviceCidr?: string;
}

export interface KubeApiserver extends AsyncDisposable {
  /** `https://127.0.0.1:port` */
  readonly server: string;
  readonly port: number;
  /** Signs client certificates that the apiserver accepts, and its serving certificate. */
  readonly ca: Credential;
  readonly serviceAccountKeys: KeyPair;
  /** Client certificate of group system:masters. */
  readonly admin: Credential;
  /** Kubeconfig of `admin`, YAML, and the file that holds it. */
  readonly kubeconfig: string;
  readonly kubeconfigPath: string;
  stop(): Promise<void>;
  /** Stops it and starts it again with the same data, port and certificates; ready when it resolves. */
  restart(): Promise<void>;
  pause(): void;
  resume(): void;
  logTail(lines?: number): Promise<string>;
}

/** A real kube-apiserver, ready when it resolves (about 4 seconds). There is no controller manager: nothing acts on objects. */
export async function startKubeApiserver(options: KubeApiserverOptions = {}): Promise<KubeApiserver> {
  const binaries = await ensureBinaries(['kube-apiserver']);
  await using started = new AsyncDisposableStack();
  const directory = started.use(await createTemporaryDirectory('kube-apiserver'));
  const etcd = options.etcd ?? accessOf(started.use(await startEtcd({ auth: false })));
  const files = await writeFiles(directory.path, etcd);
  const port = await freePort();
  const server = `https://127.0.0.1:${port}`;
  const kubeconfig = adminKubeconfig(server, files.ca, files.admin);
  const kubeconfigPath = path.join(directory.path, 'admin.kubeconfig');
  await writeFile(kubeconfigPath, kubeconfig, { mode: 0o600 });

  const logFile = path.join(directory.path, 'kube-apiserver.log');
  const args = apiserverArgs(directory.path, port, etcd, options);
  const tls = { ca: files.ca.certificate, cert: files.admin.certificate, key: files.admin.privateKey };
  let process: RunningProcess | undefined;
  const start = async () => {
    process = await startProcess({ command: binaries['kube-apiserver'], args, logFile });
    const isReady = async () => (await httpsStatus(`${server}/readyz`, tls)) === 200;
    await waitUntilReady(process, 'kube-apiserver', isReady);
  };
  started.defer(async () => await process?.kill());
  await start();

  const parts = started.move();
  const stop = () => parts.disposeAsync();
  return {
    ...files,
    server,
    port,
    kubeconfig,
    kubeconfigPath,
    stop,
    async restart() {
      await process?.stop();
      await start();
    },
    pause: () => process?.pause(),
    resume: () => process?.resume(),
    logTail: async (lines) => (await process?.logTail(lines)) ?? '',
    [Symbol.asyncDispose]: stop,
  };
}

function accessOf({ endpoints, ca, root }: EtcdServer): EtcdAccess {
  return {
    endpoints,
    certificateAuthority: ca.certificate,
    clientCertificate: root.certificate,
    clientKey: root.privateKey,
  };
}

function apiserverArgs(
  directory: string,
  port: number,
  etcd: EtcdAccess | KineAccess,
  { serviceCidr = '10.96.0.0/16', extraArgs = [] }: KubeApiserverOptions,
): readonly string[] {
  const file = (name: string) => path.join(directory, name);
  return [
    '--bind-address=127.0.0.1',
    `--secure-port=${port}`,
    '--advertise-address=127.0.0.1',
    '--endpoint-reconciler-type=none',
    `--service-cluster-ip-range=${serviceCidr}`,
    `--etcd-prefix=${etcd.prefix ?? '/registry'}`,
    ...('socket' in etcd
      ? [`--etcd-servers=${etcd.socket}`]
      : [
          `--etcd-servers=${etcd.endpoints.map((endpoint) => `https://${endpoint}`).join(',')}`,
          `--etcd-cafile=${file('etcd-ca.crt')}`,
          `--etcd-certfile=${file('etcd-client.crt')}`,
          `--etcd-keyfile=${file('etcd-client.key')}`,
        ]),
    `--client-ca-file=${file('ca.crt')}`,
    `--tls-cert-file=${file('apiserver.crt')}`,
    `--tls-private-key-file=${file('apiserver.key')}`,
    '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
    `--service-account-key-file=${file('sa.pub')}`,
    `--service-account-signing-key-file=${file('sa.key')}`,
    '--authorization-mode=Node,RBAC',
    '--enable-admission-plugins=NodeRestriction',
    '--enable-bootstrap-token-auth',
    '--profiling=false',
    ...extraArgs,
  ];
}

async function writeFiles(directory: string, etcd: EtcdAccess | KineAccess) {
  const ca = await createAuthority('kubernetes');
  const [serving, admin] = await Promise.all([
    createLeaf(ca, {
      commonName: 'kube-apiserver',
      dnsNames: ['localhost'],
      ipAddresses: ['127.0.0.1'],
    }),
    createLeaf(ca, { commonName: 'kubernetes-admin', organizations: ['system:masters'] }),
  ]);
  const serviceAccountKeys = await generateKeyPair('ECDSA-P256');
  const contents = {
    'ca.crt': ca.certificate,
    'apiserver.crt': serving.certificate,
    'apiserver.key': serving.privateKey,
    'sa.pub': serviceAccountKeys.publicKey,
    'sa.key': serviceAccountKeys.privateKey,
    ...(!('socket' in etcd) && {
      'etcd-ca.crt': etcd.certificateAuthority,
      'etcd-client.crt': etcd.clientCertificate,
      'etcd-client.key': etcd.clientKey,
    }),
  };
  for (const [name, text] of Object.entries(contents)) {
    await writeFile(path.join(directory, name), text, { mode: 0o600 });
  }
  return { ca, admin, serviceAccountKeys };
}

function adminKubeconfig(server: string, ca: Credential, admin: Credential): string {
  const user = { name: 'kubernetes-admin', ...admin };
  return buildKubeconfig({ clusterName: 'kubernetes', server, certificateAuthority: ca.certificate, user });
}
