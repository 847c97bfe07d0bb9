import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Etcd3 } from 'etcd3';
import { ensureBinaries } from '../../hack/toolchain/binaries.ts';
import { createAuthority, createLeaf } from './certificates.ts';
import type { Credential } from './certificates.ts';
import { freePort } from './ports.ts';
import { startProcess, waitUntilReady } from './processes.ts';
import type { RunningProcess } from './processes.ts';
import { createTemporaryDirectory } from './temporary-directory.ts';

export interface EtcdOptions {
  /** Turns authentication on, so that a client is the user that its certificate names; default true. */
  readonly auth?: boolean;
  readonly extraArgs?: readonly string[];
}

export interface EtcdServer extends AsyncDisposable {
  /** `127.0.0.1:port` */
  readonly endpoints: readonly string[];
  readonly ca: Credential;
  /** Client certificate of the user `root`. */
  readonly root: Credential;
  readonly dataDirectory: string;
  /** A client certificate with this common name. */
  clientCertificateFor(commonName: string): Promise<Credential>;
  stop(): Promise<void>;
  /** SIGKILL; data stays, `start` goes on with it. */
  kill(): Promise<void>;
  /** Starts it again on the same port and data after `kill`. */
  start(): Promise<void>;
  pause(): void;
  resume(): void;
  logTail(lines?: number): Promise<string>;
}

/** A real etcd with mutual TLS, one member, fresh and empty. Durability is off: a test loses nothing but a machine. */
export async function startEtcd(options: EtcdOptions = {}): Promise<EtcdServer> {
  const { etcd } = await ensureBinaries(['etcd']);
  await using started = new AsyncDisposableStack();
  const directory = started.use(await createTemporaryDirectory('etcd'));
  const file = (name: string) => path.join(directory.path, name);
  const [clientPort, peerPort, httpPort] = [await freePort(), await freePort(), await freePort()];
  const endpoint = `127.0.0.1:${clientPort}`;

  const { ca, root, flags } = await prepareEtcd(directory.path);
  const dataDirectory = file('data');
  const args = [
    `--data-dir=${dataDirectory}`,
    `--listen-client-urls=https://${endpoint}`,
    `--advertise-client-urls=https://${endpoint}`,
    `--listen-client-http-urls=http://127.0.0.1:${httpPort}`,
    `--listen-peer-urls=http://127.0.0.1:${peerPort}`,
    `--initial-advertise-peer-urls=http://127.0.0.1:${peerPort}`,
    `--initial-cluster=default=http://127.0.0.1:${peerPort}`,
    ...flags,
    ...(options.extraArgs ?? []),
  ];
  const answers = async () =>
    (await fetch(`http://127.0.0.1:${httpPort}/health`).catch(() => undefined))?.ok ?? false;

  let process: RunningProcess | undefined;
  const start = async () => {
    process = await startProcess({ command: etcd, args, logFile: file('etcd.log') });
    await waitUntilReady(process, 'etcd', answers);
  };
  started.defer(async () => await process?.kill());
  await start();
  if (options.auth ?? true) await enableAuthentication(endpoint, ca, root);

  const parts = started.move();
  const stop = () => parts.disposeAsync();
  return {
    endpoints: [endpoint],
    ca,
    root,
    dataDirectory,
    clientCertificateFor: (commonName) => createLeaf(ca, { commonName }),
    start,
    stop,
    kill: async () => await process?.kill(),
    pause: () => process?.pause(),
    resume: () => process?.resume(),
    logTail: async (lines) => (await process?.logTail(lines)) ?? '',
    [Symbol.asyncDispose]: stop,
  };
}

/** From then on a client is the user that its certificate names. */
export async function enableAuthentication(
  endpoint: string,
  ca: Credential,
  root: Credential,
): Promise<void> {
  const client = new Etcd3({
    hosts: `https://${endpoint}`,
    credentials: {
      rootCertificate: Buffer.from(ca.certificate),
      certChain: Buffer.from(root.certificate),
      privateKey: Buffer.from(root.privateKey),
    },
  });
  try {
    await client.auth.roleAdd({ name: 'root' });
    await client.auth.userAdd({ name: 'root', options: { no_password: true } });
    await client.auth.userGrantRole({ user: 'root', role: 'root' });
    await client.auth.authEnable();
  } finally {
    client.close();
  }
}

/** Writes what a server of etcd needs into `directory`; `flags` are those that every one here is run with. */
export async function prepareEtcd(
  directory: string,
): Promise<{ readonly ca: Credential; readonly root: Credential; readonly flags: readonly string[] }> {
  const file = (name: string) => path.join(directory, name);
  const ca = await createAuthority('etcd-ca');
  const [server, root] = await Promise.all([
    createLeaf(ca, { commonName: 'etcd', dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'] }),
    createLeaf(ca, { commonName: 'root' }),
  ]);
  await writeFile(file('ca.crt'), ca.certificate);
  await writeFile(file('server.crt'), server.certificate);
  await writeFile(file('server.key'), server.privateKey);
  const flags = [
    `--cert-file=${file('server.crt')}`,
    `--key-file=${file('server.key')}`,
    `--trusted-ca-file=${file('ca.crt')}`,
    '--client-cert-auth',
    '--enable-grpc-gateway=false',
    '--watch-progress-notify-interval=20s',
    // The machine does not fail, only processes do.
    '--unsafe-no-fsync',
    '--logger=zap',
    '--log-level=warn',
  ];
  return { ca, root, flags };
}
