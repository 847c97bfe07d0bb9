import { setTimeout as delay } from 'node:timers/promises';
import type { KubeClient } from '../../src/kube/client.ts';
import { connect } from '../../src/kube/kubeconfig.ts';
import { configMaps } from '../../src/kube/resources.ts';
import { type ProbeSummary, summarizeRequests } from './prober.ts';

/** `list` is a page of 500; `update` replaces all that an object has. */
export const operations = ['create', 'update', 'get', 'list'] as const;
export type Operation = (typeof operations)[number];

export interface LoadOptions {
  readonly operation: Operation;
  /** Requests in flight, each on a connection of its own; the next one follows the answer. */
  readonly width: number;
  /** Milliseconds after which no more are begun. */
  readonly durationMs: number;
}

/** What came of one load. */
export interface Outcome {
  /** Milliseconds of each request that was answered as it should be. */
  readonly good: readonly number[];
  readonly failures: readonly string[];
  /** Milliseconds until the last answer. */
  readonly elapsedMs: number;
}

export interface LoadSummary extends ProbeSummary {
  /** Good ones. */
  readonly perSecond: number;
}

/** Somebody who asks as much of a tenant as it answers, as its admin. */
export interface Load extends AsyncDisposable {
  run(options: LoadOptions): Promise<Outcome>;
}

/** At most. */
export const maxWidth = 16;
const requestTimeoutMs = 10_000;
/** After a failure, so that a server that is away is not asked a thousand times a second. */
const pauseMs = 100;
/** A KiB, which neither store can make smaller. */
const text = Array.from({ length: 32 }, () => crypto.randomUUID().slice(0, 32)).join('');

/** @param kubeconfig of the tenant. Its ConfigMaps stay: they go with the tenant. */
export async function openLoad(kubeconfig: string): Promise<Load> {
  const client = await connect({ kubeconfig, maxConnections: maxWidth, timeoutMs: requestTimeoutMs });
  // A tenant may have been under load before.
  const prefix = `bench-${crypto.randomUUID().slice(0, 8)}`;
  const refOf = (index: number) => ({ namespace: 'default', name: `${prefix}-${index}` });
  let created = 0;
  let turn = 0;

  async function request(operation: Operation): Promise<void> {
    if (operation === 'create') {
      const metadata = refOf(created++);
      await client.create(configMaps, { metadata, data: { text } });
      return;
    }
    const ref = refOf(turn++ % Math.max(1, created));
    if (operation === 'update') {
      const body = { data: { text: `${turn} ${text}` } };
      await client.patch(configMaps, ref, { type: 'merge', body });
      return;
    }
    if (operation === 'list') {
      await client.list(configMaps, { namespace: ref.namespace, limit: 500 });
      return;
    }
    if (!(await client.get(configMaps, ref))) throw new Error('an object that was created is not there');
  }

  return {
    async run({ operation, width, durationMs }) {
      await openConnections(client, width);
      const good: number[] = [];
      const failures: string[] = [];
      const startMs = performance.now();
      const goOn = async () => {
        for (let nowMs = performance.now(); nowMs < startMs + durationMs; nowMs = performance.now()) {
          try {
            await request(operation);
            good.push(performance.now() - nowMs);
          } catch (error: unknown) {
            failures.push(error instanceof Error ? error.message : String(error));
            await delay(pauseMs);
          }
        }
      };
      await Promise.all(Array.from({ length: width }, goOn));
      return { good, failures, elapsedMs: performance.now() - startMs };
    },
    async [Symbol.asyncDispose]() {
      await client.close();
    },
  };
}

/** All that came of loads of the same kind, one after another. */
export function summarizeLoad(outcomes: readonly Outcome[]): LoadSummary {
  const good = outcomes.flatMap((outcome) => outcome.good);
  const failures = outcomes.flatMap((outcome) => outcome.failures);
  const elapsedMs = outcomes.reduce((sum, outcome) => sum + outcome.elapsedMs, 0);
  return { ...summarizeRequests(good, failures), perSecond: (good.length / elapsedMs) * 1000 };
}

/** TLS handshakes are no requests: they are over before the first one is measured. Whether they succeed, requests will tell. */
async function openConnections(client: KubeClient, width: number): Promise<void> {
  await Promise.allSettled(Array.from({ length: width }, () => client.probe('/version')));
}
