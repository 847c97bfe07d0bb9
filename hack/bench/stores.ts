import { setTimeout as delay } from 'node:timers/promises';
import { dataStores } from '../../src/api/v1alpha1/data-store.ts';
import type { TenantControlPlane } from '../../src/api/v1alpha1/tenant-control-plane.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { firstDataStore, type StoreKind } from '../local/datastores.ts';
import { measureNeighbours, type Neighbours } from './neighbours.ts';
import { type Demand, loadOfMachine, printDemands, printRows } from './report.ts';
import { printNeighbours, printThroughput } from './stores-tables.ts';
import { bear, podsOf, restartsOf } from './tenants.ts';
import { measureThroughput, type Throughput } from './throughput.ts';

export interface StoresOptions {
  readonly kinds: readonly StoreKind[];
  /** Duration of each load. */
  readonly seconds: number;
  /** Duration of each watch over the quiet tenants. */
  readonly quietSeconds: number;
  readonly rounds: number;
}

export interface StoresResult extends StoresOptions {
  readonly throughput: Throughput;
  readonly neighbours: Neighbours;
  /** Of all tenants' containers. */
  readonly restarts: number;
  /** Load averages of the last minute. */
  readonly loadBefore: number;
  readonly loadAfter: number;
}

type TenantsByStore = ReadonlyMap<StoreKind, readonly TenantControlPlane[]>;

/** Between the last birth and what is measured. */
const settleMs = 10_000;

/**
 * What a store of each kind gives a tenant and takes for it, and what a tenant loses to its neighbours there.
 *
 * @param signal ends all requests to tenants
 */
export async function stores(
  client: KubeClient,
  options: StoresOptions,
  signal: AbortSignal,
): Promise<StoresResult> {
  const { kinds, rounds } = options;
  for (const kind of kinds) await requireStore(client, kind);
  const loadBefore = loadOfMachine();

  const alone = await bearOnEach(client, kinds, 1);
  const timesOfLoads = { durationMs: options.seconds * 1000, rounds };
  const throughput = await measureThroughput(client, firstOfEach(alone), timesOfLoads, signal);
  printThroughput(throughput);

  const crowded = await bearOnEach(client, kinds, 3);
  const timesOfWatches = { durationMs: options.quietSeconds * 1000, rounds };
  const neighbours = await measureNeighbours(client, neighbourhoodsOf(crowded), timesOfWatches, signal);
  printNeighbours(neighbours);

  const restarts = restartsOf(await podsOf(client, [...crowded.values()].flat()));
  const result = { ...options, throughput, neighbours, restarts, loadBefore, loadAfter: loadOfMachine() };
  printRows('The machine', [['load before / after', `${result.loadBefore} / ${result.loadAfter}`]]);
  printDemands(demandsOf(result));
  return result;
}

export function demandsOf({ throughput, neighbours, restarts }: StoresResult): readonly Demand[] {
  const loads = [...throughput.loads, ...neighbours.noisy];
  const quiet = neighbours.quiet.flatMap(({ answers }) => Object.values(answers));
  return [
    demandNoFailure("0 failed requests of the loads'", loads),
    demandNoFailure("0 failed requests of the quiet tenants'", quiet),
    { what: '0 container restarts', found: String(restarts), isMet: restarts === 0 },
  ];
}

function demandNoFailure(
  what: string,
  all: readonly {
    readonly failed: number;
    readonly requests: number;
    readonly failures: readonly string[];
  }[],
): Demand {
  const failed = all.reduce((sum, each) => sum + each.failed, 0);
  const requests = all.reduce((sum, each) => sum + each.requests, 0);
  const examples = [...new Set(all.flatMap(({ failures }) => failures))].slice(0, 5);
  return {
    what,
    found: [`${failed} of ${requests}`, ...examples].join('\n    '),
    isMet: failed === 0 && requests > 0,
  };
}

async function requireStore(client: KubeClient, kind: StoreKind): Promise<void> {
  const name = firstDataStore([kind]);
  if (!(await client.get(dataStores, { name })))
    throw new Error(
      `DataStore ${name} is not there; the environment has it after: npm run up -- --datastore both`,
    );
}

/** Those that are there already count. */
async function bearOnEach(
  client: KubeClient,
  kinds: readonly StoreKind[],
  count: number,
): Promise<TenantsByStore> {
  console.log(`${count} on each of: ${kinds.join(', ')}`);
  const births = kinds.map(async (kind): Promise<[StoreKind, readonly TenantControlPlane[]]> => {
    const born = await bear(client, count, { prefix: `bench-${kind}`, dataStore: firstDataStore([kind]) });
    return [kind, born.map(({ tenant }) => tenant)];
  });
  const tenants = new Map(await Promise.all(births));
  await delay(settleMs);
  return tenants;
}

function firstOfEach(tenants: TenantsByStore): ReadonlyMap<StoreKind, TenantControlPlane> {
  return new Map([...tenants].flatMap(([kind, [first]]) => (first ? [[kind, first] as const] : [])));
}

/** The quiet one is new: the first one has all that the loads have written. */
function neighbourhoodsOf(tenants: TenantsByStore) {
  const split = [...tenants].flatMap(([kind, all]) => {
    const quiet = all.at(-1);
    return quiet ? [[kind, { quiet, noisy: all.slice(0, -1) }] as const] : [];
  });
  return new Map(split);
}
