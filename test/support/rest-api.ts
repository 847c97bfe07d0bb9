import { execFile } from 'node:child_process';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { ensureBinaries } from '../../hack/toolchain/binaries.ts';
import { systemClock } from '../../src/engine/clock.ts';
import { type Log, silentLog } from '../../src/engine/log.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import type { LimitSettings } from '../../src/rest/limits/settings.ts';
import { createRest, type RestOptions } from '../../src/rest/start.ts';
import { startManagementDatabase } from './management-database.ts';

const run = promisify(execFile);

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // Whatever the server says: tests compare it.
  readonly body: Record<string, unknown>;
}

export interface RestRequest {
  readonly token?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface RestApi extends AsyncDisposable {
  readonly url: string;
  ask(method: string, path: string, request?: RestRequest): Promise<Answer>;
}

/** More than a test sends that is not about limits. */
export const wide: LimitSettings = {
  readsPerSecond: 10_000,
  changesPerSecond: 10_000,
  unknownTokensPerSecond: 1_000,
  inFlight: 1_000,
  inFlightPerUser: 1_000,
  longInFlight: 1_000,
  longInFlightPerUser: 1_000,
};

/** Marina's REST API in this process, in front of a real management cluster; with a management database of its own if none is given. */
export async function startRest(
  client: KubeClient,
  log: Log = silentLog,
  options: Partial<RestOptions> = {},
): Promise<RestApi> {
  await using started = new AsyncDisposableStack();
  const database = options.database ?? started.use(await startManagementDatabase());
  const app = await createRest({
    client,
    database,
    tenantsNamespace: 'marina-tenants',
    clock: systemClock,
    log,
    limits: wide,
    ...options,
  });
  started.defer(() => app.close());
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const moved = started.move();
  return {
    url,
    async ask(method, path, { token, body, headers } = {}) {
      const response = await fetch(url + path, {
        method,
        headers: {
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      const text = await response.text();
      const parsed = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
      return { status: response.status, headers: response.headers, body: parsed };
    },
    [Symbol.asyncDispose]: () => moved.disposeAsync(),
  };
}

/** A token of a ServiceAccount in `namespace`, which is made if need be. */
export async function tokenOf(
  kubeconfig: string,
  who: { readonly namespace: string; readonly name: string },
  audience = 'marina.dev',
): Promise<string> {
  const { kubectl } = await ensureBinaries(['kubectl']);
  const call = async (...args: string[]) => {
    const { stdout } = await run(kubectl, ['--kubeconfig', kubeconfig, '-n', who.namespace, ...args]);
    return stdout.trim();
  };
  await call('create', 'serviceaccount', who.name).catch(() => undefined);
  return await call('create', 'token', who.name, '--audience', audience);
}
