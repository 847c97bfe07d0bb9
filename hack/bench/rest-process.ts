import { fileURLToPath } from 'node:url';
import type { DatabaseAddress } from '../../src/persistence/connection.ts';
import { freePort } from '../../test/support/ports.ts';
import { type RunningProcess, startProcess, waitUntilReady } from '../../test/support/processes.ts';

export interface RestProcessOptions {
  readonly kubeconfigPath: string;
  readonly database: DatabaseAddress;
  /** How many times faster than usual waiting ends (`?wait=`, heartbeats); default 1. */
  readonly haste?: number;
}

/** JSON: it travels on the command line of rest-server.ts. */
export interface RestServerOptions extends RestProcessOptions {
  readonly port: number;
}

export interface RestProcess extends AsyncDisposable {
  readonly url: string;
  readonly process: RunningProcess;
}

const file = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** REST in a process of its own, with limits that nobody reaches. `nodeOptions`: e.g. `--cpu-prof`. */
export async function startRestProcess(
  options: RestProcessOptions,
  logFile: string,
  nodeOptions: readonly string[] = [],
): Promise<RestProcess> {
  const port = await freePort();
  const server: RestServerOptions = { ...options, port };
  const child = await startProcess({
    command: process.execPath,
    args: [
      ...nodeOptions,
      '--import',
      file('rest-compile.ts'),
      file('rest-server.ts'),
      JSON.stringify(server),
    ],
    logFile,
    env: { NODE_OPTIONS: '' },
  });
  const url = `http://127.0.0.1:${port}`;
  const isServing = () =>
    fetch(`${url}/v1/openapi.json`).then(
      ({ status }) => status === 401,
      () => false,
    );
  try {
    await waitUntilReady(child, 'REST', isServing);
  } catch (error: unknown) {
    await child.kill();
    throw error;
  }
  return { url, process: child, [Symbol.asyncDispose]: () => child.stop() };
}
