import { setTimeout as delay } from 'node:timers/promises';
import type { TenantControlPlane } from '../../src/api/v1alpha1/tenant-control-plane.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { sampleManager } from './manager-metrics.ts';
import { proportionalSetSize, usedMemory } from './memory.ts';
import { mebibytes, printRows, seconds } from './report.ts';
import { percentile } from './statistics.ts';
import { bear, podsOf, removeAll, restartsOf } from './tenants.ts';

export interface ProvisionResult {
  readonly count: number;
  /** Milliseconds from just before the apply to Ready, one per control plane. */
  readonly readyMs: readonly number[];
  /** Milliseconds after creation at which Marina reached each step; the slowest tenant's. */
  readonly timeline: Readonly<Record<string, number>>;
  readonly usedBytesPerControlPlane: number;
  readonly proportionalBytesPerControlPlane: number;
  readonly managerResidentBytes: number;
  readonly managerCpuSecondsPerControlPlane: number;
  readonly managerRequestsPerControlPlane: number;
  readonly restarts: number;
}

/** Memory is read before and after this time of rest: what the round before left has been given back by then. */
const settleMs = 30_000;

/** Measures each of these numbers of births `rounds` times. */
export async function provision(
  client: KubeClient,
  counts: readonly number[],
  rounds: number,
): Promise<readonly ProvisionResult[]> {
  const results: ProvisionResult[] = [];
  for (const count of counts) {
    for (let round = 1; round <= rounds; round += 1) {
      const result = await measure(client, count);
      results.push(result);
      printRound(result, round, rounds);
    }
  }
  for (const count of counts)
    printSummary(
      count,
      results.filter((result) => result.count === count),
    );
  return results;
}

/** Bears `count` control planes at once, measures, and takes them away again. */
async function measure(client: KubeClient, count: number): Promise<ProvisionResult> {
  await delay(settleMs);
  const memoryBefore = await usedMemory();
  const managerBefore = await sampleManager(client);

  const births = await bear(client, count);
  const managerAfter = await sampleManager(client);
  await delay(settleMs);

  const tenants = births.map(({ tenant }) => tenant);
  const controlPlanePods = await podsOf(client, tenants);
  const result: ProvisionResult = {
    count,
    readyMs: births.map(({ readyMs }) => readyMs),
    timeline: slowestTimeline(tenants),
    usedBytesPerControlPlane: ((await usedMemory()) - memoryBefore) / count,
    proportionalBytesPerControlPlane:
      (await proportionalSetSize(controlPlanePods.map((pod) => pod.metadata?.uid ?? ''))) / count,
    managerResidentBytes: (await sampleManager(client)).residentBytes,
    managerCpuSecondsPerControlPlane: (managerAfter.cpuSeconds - managerBefore.cpuSeconds) / count,
    managerRequestsPerControlPlane: (managerAfter.requests - managerBefore.requests) / count,
    restarts: restartsOf(controlPlanePods),
  };
  await removeAll(client);
  return result;
}

/** Of each step the time of the tenant that reached it last. */
export function slowestTimeline(tenants: readonly TenantControlPlane[]): Readonly<Record<string, number>> {
  const slowest: Record<string, number> = {};
  for (const { step, milliseconds } of tenants.flatMap((tenant) => tenant.status?.timeline ?? [])) {
    slowest[step] = Math.max(slowest[step] ?? 0, milliseconds);
  }
  return slowest;
}

function printRound(result: ProvisionResult, round: number, rounds: number): void {
  const steps = Object.entries(result.timeline).map(([step, ms]) => `${step} ${seconds(ms)}`);
  console.log(
    `${result.count} at once, round ${round} of ${rounds}: all Ready after ${seconds(Math.max(...result.readyMs))}`,
  );
  console.log(`  ${steps.join(', ')}`);
}

function printSummary(count: number, results: readonly ProvisionResult[]): void {
  const all = results.flatMap((result) => result.readyMs);
  const whole = results.map((result) => Math.max(...result.readyMs));
  const median = (pick: (result: ProvisionResult) => number) => percentile(results.map(pick), 0.5);
  printRows(`${count} at once (${results.length} rounds)`, [
    ['apply to Ready, p50 / p99', `${seconds(percentile(all, 0.5))} / ${seconds(percentile(all, 0.99))}`],
    ['all of them Ready, p50', seconds(percentile(whole, 0.5))],
    ['machine memory per control plane', mebibytes(median((result) => result.usedBytesPerControlPlane))],
    ['PSS per control plane', mebibytes(median((result) => result.proportionalBytesPerControlPlane))],
    ['manager RSS', mebibytes(median((result) => result.managerResidentBytes))],
    [
      'manager CPU per control plane',
      `${median((result) => result.managerCpuSecondsPerControlPlane).toFixed(2)} s`,
    ],
    ['API requests per control plane', median((result) => result.managerRequestsPerControlPlane).toFixed(0)],
    ['container restarts', String(results.reduce((sum, result) => sum + result.restarts, 0))],
  ]);
}
