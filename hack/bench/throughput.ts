import type { TenantControlPlane } from '../../src/api/v1alpha1/tenant-control-plane.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import type { StoreKind } from '../local/datastores.ts';
import { type Containers, containersOf, cpuSecondsBy, memoryBy, storeContainers } from './containers.ts';
import {
  type Load,
  type LoadSummary,
  type Operation,
  operations,
  type Outcome,
  summarizeLoad,
} from './load.ts';
import { openLoadThread } from './load-thread.ts';
import { growth } from './prometheus.ts';
import { podsOf, readKubeconfig } from './tenants.ts';

/** Requests in flight: one that waits for each answer, and a busy tenant. */
const widths = [1, 16] as const;

/** What a request goes through, in this order. */
export const programs = ['kube-apiserver', 'kine', 'etcd', 'postgres'] as const;
export type Program = (typeof programs)[number];

export interface LoadKind {
  readonly store: StoreKind;
  readonly operation: Operation;
  readonly width: number;
}

/** One load, and what the programs took for it. */
export interface LoadSample extends LoadKind {
  readonly outcome: Outcome;
  /** Seconds by program. */
  readonly cpuSeconds: ReadonlyMap<string, number>;
}

/** All loads of a kind. */
export interface LoadFigures extends LoadKind, LoadSummary {
  /** Percent of one core by program. */
  readonly cpuPercent: ReadonlyMap<string, number>;
  /** Milliseconds of CPU for one request, all programs together: what a busy machine changes least. */
  readonly cpuMsPerRequest: number;
}

export interface MemoryFigures {
  readonly store: StoreKind;
  /** Proportional set sizes in bytes by program, before the first load and after the last one. */
  readonly idleBytes: ReadonlyMap<string, number>;
  readonly loadedBytes: ReadonlyMap<string, number>;
  /** ConfigMaps of a KiB that the tenant has by then. */
  readonly objects: number;
}

export interface Throughput {
  readonly loads: readonly LoadFigures[];
  readonly memory: readonly MemoryFigures[];
}

export interface ThroughputOptions {
  /** Milliseconds of each load. */
  readonly durationMs: number;
  readonly rounds: number;
}

/**
 * Puts the same loads on one tenant of each store. Those that are to be compared follow one another, again and again: a
 * machine that others use is not as fast as it was a minute ago.
 *
 * @param signal ends the loads
 */
export async function measureThroughput(
  client: KubeClient,
  tenants: ReadonlyMap<StoreKind, TenantControlPlane>,
  { durationMs, rounds }: ThroughputOptions,
  signal: AbortSignal,
): Promise<Throughput> {
  await using stack = new AsyncDisposableStack();
  const subjects: Subject[] = [];
  for (const [store, tenant] of tenants) {
    const load = stack.use(await openLoadThread(await readKubeconfig(client, tenant), signal));
    subjects.push({ store, load, containers: await containersFor(client, store, tenant) });
  }
  const idle = await Promise.all(subjects.map(({ containers }) => memoryBy(containers)));
  const samples: LoadSample[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    console.log(`loads, round ${round} of ${rounds}`);
    for (const operation of operations) {
      for (const width of widths) {
        for (const subject of subjects) samples.push(await sample(subject, operation, width, durationMs));
      }
    }
  }
  const loaded = await Promise.all(subjects.map(({ containers }) => memoryBy(containers)));
  const memory = subjects.map(({ store }, index) => ({
    store,
    idleBytes: idle[index] ?? new Map<string, number>(),
    loadedBytes: loaded[index] ?? new Map<string, number>(),
    objects: countCreated(samples, store),
  }));
  return { loads: summarizeSamples(samples), memory };
}

interface Subject {
  readonly store: StoreKind;
  readonly load: Load;
  readonly containers: Containers;
}

async function sample(
  { store, load, containers }: Subject,
  operation: Operation,
  width: number,
  durationMs: number,
): Promise<LoadSample> {
  const before = await cpuSecondsBy(containers);
  const outcome = await load.run({ operation, width, durationMs });
  return { store, operation, width, outcome, cpuSeconds: growth(before, await cpuSecondsBy(containers)) };
}

async function containersFor(
  client: KubeClient,
  store: StoreKind,
  tenant: TenantControlPlane,
): Promise<Containers> {
  const [pod, ...others] = await podsOf(client, [tenant]);
  if (!pod || others.length > 0) throw new Error(`tenant ${tenant.metadata?.name} has no pod, or several`);
  const all = [...containersOf(pod), ...(await storeContainers(client, store))];
  return new Map(all.filter(([name]) => programs.some((program) => program === name)));
}

/** One for each kind of load, in the order in which they came first. */
export function summarizeSamples(samples: readonly LoadSample[]): readonly LoadFigures[] {
  const kinds = Map.groupBy(samples, ({ store, operation, width }) => `${operation} ${width} ${store}`);
  return [...kinds.values()].flatMap((ofKind) => {
    const [first] = ofKind;
    if (!first) return [];
    const { store, operation, width } = first;
    const summary = summarizeLoad(ofKind.map(({ outcome }) => outcome));
    const cpu = sumBy(ofKind.flatMap(({ cpuSeconds }) => [...cpuSeconds]));
    const elapsedMs = ofKind.reduce((sum, { outcome }) => sum + outcome.elapsedMs, 0);
    const cpuPercent = new Map([...cpu].map(([name, seconds]) => [name, (seconds * 1000 * 100) / elapsedMs]));
    const cpuMs = [...cpu.values()].reduce((sum, seconds) => sum + seconds * 1000, 0);
    return [{ store, operation, width, ...summary, cpuPercent, cpuMsPerRequest: cpuMs / summary.requests }];
  });
}

function sumBy(entries: readonly (readonly [name: string, value: number])[]): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const [name, value] of entries) sums.set(name, (sums.get(name) ?? 0) + value);
  return sums;
}

function countCreated(samples: readonly LoadSample[], store: StoreKind): number {
  const creating = samples.filter((each) => each.store === store && each.operation === 'create');
  return creating.reduce((sum, { outcome }) => sum + outcome.good.length, 0);
}
