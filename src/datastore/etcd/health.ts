import type { Etcd3 } from 'etcd3';
import type { DataStoreHealth, EndpointHealth, EtcdConnection } from '../driver.ts';
import { DataStoreError } from '../errors.ts';
import { MemberStatusReader } from './member-status.ts';
import type { MemberStatus } from './member-status.ts';
import { compactionKey } from './partition.ts';
import { EtcdSession } from './session.ts';

/** Before it, a reader of one key could watch all keys after it (GHSA-xg4h-6gfc-h4m8), and tenants are such readers. */
export const oldestVersion = '3.7.1';

const timeoutMs = 3000;

interface Answer {
  readonly health: EndpointHealth;
  readonly status?: MemberStatus;
  readonly latencyMs?: number;
}

/**
 * Asks members one by one: a client with several endpoints would ask any of them. The store is healthy when one member serves
 * linearizable reads and none says why tenants should not be put there.
 */
export class EtcdHealthChecker {
  readonly #members: readonly Member[];

  constructor(connection: EtcdConnection) {
    this.#members = connection.endpoints.map((endpoint) => ({
      endpoint,
      reader: new MemberStatusReader(connection, endpoint, timeoutMs),
      session: new EtcdSession({ ...connection, endpoints: [endpoint] }, { attempts: 1, timeoutMs }),
    }));
  }

  async check(): Promise<DataStoreHealth> {
    return summarize(await Promise.all(this.#members.map(ask)));
  }

  /** What each member says of itself; undefined of one that does not answer. */
  async statuses(): Promise<ReadonlyMap<string, MemberStatus | undefined>> {
    const asked = this.#members.map(
      async ({ endpoint, reader }) => [endpoint, await reader.read().catch(() => undefined)] as const,
    );
    return new Map(await Promise.all(asked));
  }

  async close(): Promise<void> {
    await Promise.all(this.#members.flatMap(({ reader, session }) => [reader.close(), session.close()]));
  }
}

interface Member {
  readonly endpoint: string;
  readonly reader: MemberStatusReader;
  readonly session: EtcdSession;
}

async function ask({ endpoint, reader, session }: Member): Promise<Answer> {
  try {
    const status = await reader.read();
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
  { version, errors }: Pick<MemberStatus, 'version' | 'errors'>,
  authenticationEnabled: boolean,
): string | undefined {
  if (!isAtLeast(version, oldestVersion)) {
    return `etcd ${version} lets tenants out of their partitions (GHSA-xg4h-6gfc-h4m8): upgrade to ${oldestVersion} or later`;
  }
  if (!authenticationEnabled) return authenticationDisabled;
  const alarms = errors.join(', ');
  if (isOutOfSpace({ errors })) return 'out of space, it takes no writes (alarm NOSPACE)';
  if (alarms.includes('CORRUPT'))
    return `corrupt (${alarms}): replace this member from a healthy one or a backup`;
  return alarms === '' ? undefined : alarms;
}

export function isOutOfSpace({ errors }: Pick<MemberStatus, 'errors'>): boolean {
  return errors.some((error) => error.includes('alarm:NOSPACE'));
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
  const answered = answers.flatMap(({ status, latencyMs }) =>
    status && latencyMs !== undefined ? [{ status, latencyMs }] : [],
  );
  const [first] = answered;
  const told = answers.map((answer) => requireSameCluster(answer, first?.status.clusterId));
  const endpoints = told.map((answer) => answer.health);
  const faulty = told.some((answer) => answer.status && !answer.health.healthy);
  const healthy = answered.length > 0 && !faulty;
  if (!first) return { healthy, endpoints };
  const quotas = answered.flatMap(({ status: { quotaBytes } }) => (quotaBytes > 0 ? [quotaBytes] : []));
  return {
    healthy,
    latencyMs: Math.min(...answered.map((answer) => answer.latencyMs)),
    version: first.status.version,
    storeId: hexadecimal(first.status.clusterId),
    sizeBytes: Math.max(...answered.map(({ status }) => status.sizeBytes)),
    ...(quotas.length > 0 && { quotaBytes: Math.min(...quotas) }),
    ...(answered.some(({ status }) => isOutOfSpace(status)) && { outOfSpace: true as const }),
    endpoints,
  };
}

/** Two clusters behind one DataStore would each have half of what is written. */
function requireSameCluster(answer: Answer, clusterId: string | undefined): Answer {
  const { status, health } = answer;
  if (!status || status.clusterId === clusterId) return answer;
  const message = `member of another cluster (${hexadecimal(status.clusterId)}) than the endpoints before it: name members of one`;
  return { ...answer, health: { ...health, healthy: false, message } };
}

/** As etcdctl writes ids. */
function hexadecimal(id: string): string {
  return BigInt(id).toString(16);
}
