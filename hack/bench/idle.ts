import { setTimeout as delay } from 'node:timers/promises';
import type { KubeClient } from '../../src/kube/client.ts';
import { countByServer, objectVersions, type ServerCounts, watchRequestsOf } from './api-server.ts';
import { setResync } from './manager.ts';
import { sampleManager } from './manager-metrics.ts';
import { growth } from './prometheus.ts';
import { type Demand, loadOfMachine, mebibytes, printDemands, printRows } from './report.ts';
import { bear, podsOf, restartsOf } from './tenants.ts';

export interface IdleResult {
  readonly count: number;
  readonly minutes: number;
  /** MARINA_RESYNC_SECONDS of the manager. */
  readonly resyncSeconds: number;
  /** Requests of the manager in this time by `verb resource`, as it counts them itself. */
  readonly requests: ReadonlyMap<string, number>;
  readonly tenantRequests: ReadonlyMap<string, number>;
  /** The same as the management API server counts them. */
  readonly counted: ServerCounts;
  /** Objects with another resourceVersion than before, or new, or gone; Leases left out. */
  readonly changedObjects: readonly string[];
  readonly managerCpuSeconds: number;
  readonly managerResidentBytes: number;
  readonly restarts: number;
  readonly load: number;
}

export interface IdleOptions {
  readonly count: number;
  readonly minutes: number;
  /** Seconds between the last birth and the measurement. */
  readonly settle: number;
  /** MARINA_RESYNC_SECONDS for this measurement. */
  readonly resync: number;
}

/** Leaves a fleet alone and counts what Marina does all the same. */
export async function idle(client: KubeClient, options: IdleOptions): Promise<IdleResult> {
  const { count, minutes, settle } = options;
  await using _resync = await setResync(client, options.resync);
  const births = await bear(client, count, { tiny: true });
  console.log(`${count} are Ready; measuring for ${minutes} min after ${settle} s of rest`);
  await using counting = await watchRequestsOf(client, 'system:serviceaccount:marina-system:marina');
  await delay(settle * 1000);

  const before = {
    manager: await sampleManager(client),
    counted: await counting.read(),
    objects: await objectVersions(client),
  };
  await delay(minutes * 60_000);
  const after = {
    manager: await sampleManager(client),
    counted: await counting.read(),
    objects: await objectVersions(client),
  };
  if (after.manager.pod !== before.manager.pod) throw new Error('the manager was restarted meanwhile');

  const result: IdleResult = {
    count,
    minutes,
    resyncSeconds: options.resync,
    requests: growth(before.manager.requestsBy, after.manager.requestsBy),
    tenantRequests: growth(before.manager.tenantRequestsBy, after.manager.tenantRequestsBy),
    counted: countByServer(before.counted, after.counted),
    changedObjects: changes(before.objects, after.objects),
    managerCpuSeconds: after.manager.cpuSeconds - before.manager.cpuSeconds,
    managerResidentBytes: after.manager.residentBytes,
    restarts: restartsOf(
      await podsOf(
        client,
        births.map(({ tenant }) => tenant),
      ),
    ),
    load: loadOfMachine(),
  };
  print(result);
  printDemands(demandsOf(result));
  return result;
}

/** Keys whose value is another one, or that are in one of the two only, sorted. */
export function changes(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): readonly string[] {
  const keys = new Set([...before.keys(), ...after.keys()]);
  return [...keys].filter((key) => before.get(key) !== after.get(key)).sort();
}

export function demandsOf(result: IdleResult): readonly Demand[] {
  const own = sum([...result.requests].filter(([key]) => isWrite(key)));
  return [
    { what: '0 writes but Leases, as Marina counts', found: String(own), isMet: own === 0 },
    {
      what: '0 writes but Leases, as the API server counts',
      found: String(result.counted.writes),
      isMet: result.counted.writes === 0,
    },
    {
      what: "no object of Marina's has changed",
      found: result.changedObjects.slice(0, 5).join(', ') || 'none',
      isMet: result.changedObjects.length === 0,
    },
    { what: '0 container restarts', found: String(result.restarts), isMet: result.restarts === 0 },
  ];
}

/** `key` is `verb resource`; the verbs are those of KubeClient, `dry-run apply` one of them. */
function isWrite(key: string): boolean {
  const [verb = '', resource = ''] = key.split(' ');
  return !['get', 'list', 'watch', 'probe', 'dry-run'].includes(verb) && resource !== 'leases';
}

function sum(entries: readonly (readonly [string, number])[]): number {
  return entries.reduce((total, [, value]) => total + value, 0);
}

function print(result: IdleResult): void {
  const { count, minutes, requests, tenantRequests, counted } = result;
  const perTenantHour = (value: number) =>
    `${value} in all, ${((value * 60) / minutes / count).toFixed(2)} per tenant and hour`;
  const rows = (all: ReadonlyMap<string, number>) =>
    [...all]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, value]) => [`  ${key}`, perTenantHour(value)] as const);
  printRows(`${count} idle for ${minutes} min, resync every ${result.resyncSeconds} s`, [
    ['to the management API server', perTenantHour(sum([...requests]))],
    ...rows(requests),
    ['  counted by that server: reads', perTenantHour(counted.reads)],
    ['  counted by that server: Leases', perTenantHour(counted.leases)],
    ['  counted by that server: other writes', perTenantHour(counted.writes)],
    ["to the tenants' API servers", perTenantHour(sum([...tenantRequests]))],
    ...rows(tenantRequests),
    ['manager CPU', `${((result.managerCpuSeconds / minutes / 60) * 1000).toFixed(1)} millicores`],
    ['manager RSS', mebibytes(result.managerResidentBytes)],
    ['load of the machine', String(result.load)],
  ]);
}
