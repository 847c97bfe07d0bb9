import type { Etcd3, IStatusResponse } from 'etcd3';
import type { DataStoreHealth, EndpointHealth, EtcdConnection } from '../driver.ts';
import { DataStoreError } from '../errors.ts';
import { compactionKey } from './partition.ts';
import { EtcdSession } from './session.ts';

/** Before it, a reader of one key could watch all keys after it (GHSA-xg4h-6gfc-h4m8), and tenants are such readers. */
export const oldestVersion = '3.7.1';

const timeoutMs = 3000;

interface Answer {
  readonly health: EndpointHealth;
  readonly status?: IStatusResponse;
  readonly latencyMs?: number;
}

/**
 * Asks members one by one: a client with several endpoints would ask any of them. The store is healthy when one member serves
 * linearizable reads and none says why tenants should not be put there.
 */
export class EtcdHealthChecker {
  readonly #endpoints: ReadonlyMap<string, EtcdSession>;

  constructor(connection: EtcdConnection) {
    const single = (endpoint: string) =>
      new EtcdSession({ ...connection, endpoints: [endpoint] }, { attempts: 1, timeoutMs });
    this.#endpoints = new Map(connection.endpoints.map((endpoint) => [endpoint, single(endpoint)]));
  }

  async check(): Promise<DataStoreHealth> {
    const asked = [...this.#endpoints].map(([endpoint, session]) => ask(endpoint, session));
    return summarize(await Promise.all(asked));
  }

  async close(): Promise<void> {
    await Promise.all([...this.#endpoints.values()].map((session) => session.close()));
  }
}

async function ask(endpoint: string, session: EtcdSession): Promise<Answer> {
  try {
    const status = await session.call('read status', (client) => client.maintenance.status());
    const latencyMs = await session.call('read', timeLinearizableRead);
    const { enabled } = await session.call('read authentication status', (client) =>
      client.auth.authStatus(),
    );
    const message = findFault(status, enabled);
    const health = message ? { endpoint, healthy: false, message } : { endpoint, healthy: true };
    return { health, status, latencyMs };
  } catch (error) {
    const message = error instanceof DataStoreError ? `${error.code}: ${error.message}` : String(error);
    return { health: { endpoint, healthy: false, message } };
  }
}

async function timeLinearizableRead(client: Etcd3): Promise<number> {
  const started = performance.now();
  await client.kv.range({ key: Buffer.from(compactionKey), count_only: true });
  return performance.now() - started;
}

/** What is wrong with a member that answers, and what to do about it. */
export function findFault(
  { version, errors }: Pick<IStatusResponse, 'version' | 'errors'>,
  authenticationEnabled: boolean,
): string | undefined {
  if (!isAtLeast(version, oldestVersion)) {
    return `etcd ${version} lets tenants out of their partitions (GHSA-xg4h-6gfc-h4m8): upgrade to ${oldestVersion} or later`;
  }
  if (!authenticationEnabled) return authenticationDisabled;
  const alarms = errors.join(', ');
  if (alarms.includes('NOSPACE')) {
    return `out of space (${alarms}): compact, defragment, then \`etcdctl alarm disarm\`, or raise --quota-backend-bytes`;
  }
  if (alarms.includes('CORRUPT'))
    return `corrupt (${alarms}): replace this member from a healthy one or a backup`;
  return alarms === '' ? undefined : alarms;
}

export const authenticationDisabled =
  'authentication is off, so every tenant could read all others: make user and role root, then `etcdctl auth enable`';

/** `1.2.3` against `1.2.3`; a pre-release (`3.7.1-rc.0`) comes before its release. */
export function isAtLeast(version: string, wanted: string): boolean {
  const [release = '', preRelease] = version.split('-', 2);
  const have = release.split('.').map(Number);
  const want = wanted.split('.').map(Number);
  for (const [index, part] of want.entries()) {
    const difference = (have[index] ?? Number.NaN) - part;
    if (difference !== 0) return difference > 0;
  }
  return preRelease === undefined;
}

function summarize(answers: readonly Answer[]): DataStoreHealth {
  const endpoints = answers.map((answer) => answer.health);
  const answered = answers.flatMap(({ status, latencyMs }) =>
    status && latencyMs !== undefined ? [{ status, latencyMs }] : [],
  );
  const faulty = answers.some((answer) => answer.status && !answer.health.healthy);
  const healthy = answered.length > 0 && !faulty;
  const [first] = answered;
  if (!first) return { healthy, endpoints };
  return {
    healthy,
    latencyMs: Math.min(...answered.map((answer) => answer.latencyMs)),
    version: first.status.version,
    sizeBytes: Math.max(...answered.map((answer) => Number(answer.status.dbSize))),
    endpoints,
  };
}
