import { setTimeout as delay } from 'node:timers/promises';
import type { TenantControlPlane } from '../../src/api/v1alpha1/tenant-control-plane.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import type { StoreKind } from '../local/datastores.ts';
import {
  type Load,
  type LoadOptions,
  type LoadSummary,
  maxWidth,
  type Outcome,
  summarizeLoad,
} from './load.ts';
import { openLoadThread } from './load-thread.ts';
import { type ProbeKind, type ProbeRecord, type ProbeSummary, startProber, summarize } from './prober.ts';
import { readKubeconfig } from './tenants.ts';

/** How often a quiet tenant is used, in milliseconds. */
const probeIntervalMs = 200;
/** A noisy tenant creates objects for so long, and writes over them from then on. */
const fillMs = 2000;

/** The store whose noisy tenants are at work. */
export type Noise = StoreKind | 'none';

export interface Neighbourhood {
  readonly quiet: TenantControlPlane;
  readonly noisy: readonly TenantControlPlane[];
}

/** What the user of one quiet tenant saw in one watch. */
export interface QuietSample {
  readonly store: StoreKind;
  readonly noise: Noise;
  readonly records: readonly ProbeRecord[];
}

export interface QuietFigures extends Omit<QuietSample, 'records'> {
  readonly answers: Partial<Record<ProbeKind, ProbeSummary>>;
}

/** Of each noisy tenant on this store, on average. */
export interface NoisyFigures extends LoadSummary {
  readonly store: StoreKind;
}

export interface Neighbours {
  readonly quiet: readonly QuietFigures[];
  readonly noisy: readonly NoisyFigures[];
}

export interface NeighboursOptions {
  /** Milliseconds of each watch. */
  readonly durationMs: number;
  readonly rounds: number;
}

/**
 * Uses a quiet tenant on each store at a steady pace, while nobody else is at work, and while the noisy ones of one of the
 * stores write as fast as they are let. All share the cores of this machine: what noise on the other store does to a tenant
 * is the machine's doing, and what noise on its own does beyond that is the store's.
 *
 * @param signal ends the noise
 */
export async function measureNeighbours(
  client: KubeClient,
  neighbourhoods: ReadonlyMap<StoreKind, Neighbourhood>,
  { durationMs, rounds }: NeighboursOptions,
  signal: AbortSignal,
): Promise<Neighbours> {
  await using stack = new AsyncDisposableStack();
  const quiet = new Map<StoreKind, string>();
  const noisy = new Map<StoreKind, readonly Load[]>();
  for (const [store, tenants] of neighbourhoods) {
    quiet.set(store, await readKubeconfig(client, tenants.quiet));
    const loads: Load[] = [];
    for (const tenant of tenants.noisy)
      loads.push(stack.use(await openLoadThread(await readKubeconfig(client, tenant), signal)));
    noisy.set(store, loads);
    await makeNoise(loads, 'create', fillMs);
  }

  const heard: QuietSample[] = [];
  const made = new Map<StoreKind, Outcome[]>();
  for (let round = 1; round <= rounds; round += 1) {
    for (const noise of ['none', ...noisy.keys()] as const) {
      console.log(`neighbours, round ${round} of ${rounds}, noise on: ${noise}`);
      const loads = noise === 'none' ? [] : (noisy.get(noise) ?? []);
      const [outcomes, ...samples] = await Promise.all([
        makeNoise(loads, 'update', durationMs),
        ...[...quiet].map(async ([store, kubeconfig]) => {
          return { store, noise, records: await watchQuiet(kubeconfig, durationMs) };
        }),
      ]);
      heard.push(...samples);
      if (noise !== 'none') made.set(noise, [...(made.get(noise) ?? []), ...outcomes]);
    }
  }
  return {
    quiet: summarizeQuiet(heard),
    noisy: [...made].map(([store, outcomes]) => ({ store, ...summarizeLoad(outcomes) })),
  };
}

async function makeNoise(
  loads: readonly Load[],
  operation: LoadOptions['operation'],
  durationMs: number,
): Promise<readonly Outcome[]> {
  return await Promise.all(loads.map((load) => load.run({ operation, width: maxWidth, durationMs })));
}

async function watchQuiet(kubeconfig: string, durationMs: number): Promise<readonly ProbeRecord[]> {
  const prober = await startProber(kubeconfig, probeIntervalMs);
  await delay(durationMs);
  return await prober.stop();
}

/** One for each store and noise, in the order in which they came first. */
export function summarizeQuiet(samples: readonly QuietSample[]): readonly QuietFigures[] {
  const kinds = Map.groupBy(samples, ({ store, noise }) => `${store} ${noise}`);
  return [...kinds.values()].flatMap((ofKind) => {
    const [first] = ofKind;
    if (!first) return [];
    const answers = summarize(ofKind.flatMap(({ records }) => records));
    return [{ store: first.store, noise: first.noise, answers }];
  });
}
