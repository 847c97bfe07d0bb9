import { connect } from 'node:net';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { kineArguments } from '../../src/datastore/postgres/kine.ts';
import { ensureBinaries } from '../../hack/toolchain/binaries.ts';
import type { Credential } from './certificates.ts';
import type { PostgresServer } from './postgres.ts';
import { startProcess, waitUntilReady } from './processes.ts';
import type { RunningProcess } from './processes.ts';
import { createTemporaryDirectory } from './temporary-directory.ts';

export interface Kine extends AsyncDisposable {
  /** What `--etcd-servers` of the tenant's apiserver is set to. */
  readonly endpoint: string;
  stop(): Promise<void>;
  kill(): Promise<void>;
  start(): Promise<void>;
  logTail(lines?: number): Promise<string>;
}

/** A real kine on a partition of a Postgres, with a tenant's credential and the arguments that Marina gives it. */
export async function startKine(
  { endpoints, ca }: Pick<PostgresServer, 'endpoints' | 'ca'>,
  id: string,
  credential: Credential,
): Promise<Kine> {
  const { kine } = await ensureBinaries(['kine']);
  await using started = new AsyncDisposableStack();
  const directory = started.use(await createTemporaryDirectory('kine'));
  const file = (name: string) => path.join(directory.path, name);
  await writeFile(file('ca.crt'), ca.certificate);
  await writeFile(file('client.crt'), credential.certificate);
  await writeFile(file('client.key'), credential.privateKey, { mode: 0o600 });
  const socket = file('kine.sock');
  const args = kineArguments({
    endpoints,
    id,
    socket,
    certificateAuthorityFile: file('ca.crt'),
    certificateFile: file('client.crt'),
    keyFile: file('client.key'),
  });
  let process: RunningProcess | undefined;
  const start = async () => {
    process = await startProcess({ command: kine, args, logFile: file('kine.log') });
    await waitUntilReady(process, 'kine', () => accepts(socket));
  };
  started.defer(async () => await process?.kill());
  await start();
  const parts = started.move();
  const stop = () => parts.disposeAsync();
  return {
    endpoint: `unix://${socket}`,
    start,
    stop,
    kill: async () => await process?.kill(),
    logTail: async (lines) => (await process?.logTail(lines)) ?? '',
    [Symbol.asyncDispose]: stop,
  };
}

function accepts(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const client = connect(socket);
    client.once('connect', () => {
      client.destroy();
      resolve(true);
    });
    client.once('error', () => resolve(false));
  });
}
