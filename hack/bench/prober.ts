import https from 'node:https';
import { parse } from 'yaml';
import { connect } from '../../src/kube/kubeconfig.ts';
import { configMaps } from '../../src/kube/resources.ts';
import { percentile } from './statistics.ts';

/** `address`: what a worker asks first, without a credential and on a new connection; `write`, `read`: the API, as its admin. */
export const probeKinds = ['address', 'write', 'read'] as const;
export type ProbeKind = (typeof probeKinds)[number];

export interface ProbeRecord {
  readonly kind: ProbeKind;
  readonly ms: number;
  /** What went wrong, if anything. */
  readonly failure?: string;
}

export interface ProbeSummary {
  readonly requests: number;
  readonly failed: number;
  /** Of the requests that were answered as they should be. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** Up to five different ones. */
  readonly failures: readonly string[];
}

export interface Prober {
  /** Of the requests that have ended since the start, or since the last call. */
  take(): readonly ProbeRecord[];

  /** Waits for the requests under way; what was not taken before. */
  stop(): Promise<readonly ProbeRecord[]>;
}

/** Requests that take longer than this, in milliseconds, have failed. */
const requestTimeoutMs = 10_000;
/** Names of ConfigMaps in turn: a write that is still under way is not written over. */
const objects = 100;

/**
 * Uses a tenant all the time: every `intervalMs`, whether or not the requests before have been answered, so that a
 * server that stalls cannot hide it by getting fewer requests.
 */
export async function startProber(kubeconfig: string, intervalMs: number): Promise<Prober> {
  const client = await connect({ kubeconfig, maxConnections: 64, fieldManager: 'prober' });
  const target = addressOf(kubeconfig);
  const records: ProbeRecord[] = [];
  const underWay = new Set<Promise<void>>();

  async function measure(kind: ProbeKind, request: () => Promise<void>): Promise<void> {
    const start = performance.now();
    try {
      await request();
      records.push({ kind, ms: performance.now() - start });
    } catch (error: unknown) {
      const failure = error instanceof Error ? error.message : String(error);
      records.push({ kind, ms: performance.now() - start, failure });
    }
  }

  async function writeAndRead(turn: number): Promise<void> {
    const ref = { namespace: 'default', name: `prober-${turn % objects}` };
    const data = { turn: String(turn) };
    await measure('write', async () => {
      await client.apply(
        configMaps,
        { metadata: ref, data },
        { fieldManager: 'prober', timeoutMs: requestTimeoutMs },
      );
    });
    await measure('read', async () => {
      const found = await client.get(configMaps, ref, { timeoutMs: requestTimeoutMs });
      if (found?.data?.['turn'] !== data.turn)
        throw new Error(`read ${found?.data?.['turn']} after writing ${turn}`);
    });
  }

  let turn = 0;
  const probe = () => {
    const all = [measure('address', () => askAddress(target)), writeAndRead(turn++)];
    for (const each of all) {
      underWay.add(each);
      void each.finally(() => underWay.delete(each));
    }
  };
  probe();
  const timer = setInterval(probe, intervalMs);

  return {
    take: () => records.splice(0),
    async stop() {
      clearInterval(timer);
      await Promise.all(underWay);
      const names = Array.from({ length: Math.min(turn, objects) }, (_, index) => `prober-${index}`);
      await Promise.all(names.map((name) => client.delete(configMaps, { namespace: 'default', name })));
      await client.close();
      return records;
    },
  };
}

/** @param good milliseconds of those that were answered as they should be */
export function summarizeRequests(good: readonly number[], failures: readonly string[]): ProbeSummary {
  const at = (fraction: number) => (good.length === 0 ? Number.NaN : percentile(good, fraction));
  return {
    requests: good.length + failures.length,
    failed: failures.length,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    maxMs: at(1),
    failures: [...new Set(failures)].slice(0, 5),
  };
}

/** By kind; a kind without any request is left out. */
export function summarize(records: readonly ProbeRecord[]): Partial<Record<ProbeKind, ProbeSummary>> {
  const summaries: Partial<Record<ProbeKind, ProbeSummary>> = {};
  for (const kind of probeKinds) {
    const ofKind = records.filter((record) => record.kind === kind);
    if (ofKind.length === 0) continue;
    const failures = ofKind.flatMap(({ failure }) => failure ?? []);
    const good = ofKind.filter(({ failure }) => failure === undefined).map(({ ms }) => ms);
    summaries[kind] = summarizeRequests(good, failures);
  }
  return summaries;
}

export interface Address {
  /** `https://host:port` */
  readonly url: string;
  /** PEM; without it anybody's certificate will do. */
  readonly certificateAuthority?: string;
}

/**
 * Reads cluster-info, with which every `kubeadm join` begins, without a credential and on a connection of its own. Rejects
 * unless the answer is 200.
 */
export async function askAddress(
  { url, certificateAuthority }: Address,
  timeoutMs = requestTimeoutMs,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const request = https.get(
    `${url}/api/v1/namespaces/kube-public/configmaps/cluster-info`,
    {
      agent: false,
      ca: certificateAuthority,
      rejectUnauthorized: certificateAuthority !== undefined,
      signal: AbortSignal.timeout(timeoutMs),
    },
    (response) => {
      response.resume();
      response.on('error', reject);
      response.on('end', () =>
        response.statusCode === 200
          ? resolve()
          : reject(new Error(`cluster-info: status ${response.statusCode}`)),
      );
    },
  );
  request.on('error', reject);
  await promise;
}

function addressOf(kubeconfig: string): Address {
  const { clusters } = parse(kubeconfig) as {
    clusters: readonly { cluster: { server: string; 'certificate-authority-data': string } }[];
  };
  const cluster = clusters[0]?.cluster;
  if (!cluster) throw new Error('kubeconfig: no cluster');
  const certificateAuthority = Buffer.from(cluster['certificate-authority-data'], 'base64').toString();
  return { url: cluster.server, certificateAuthority };
}
