import { setTimeout as delay } from 'node:timers/promises';
import { type TenantControlPlane, tenantControlPlanes } from '../../src/api/v1alpha1/tenant-control-plane.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import type { Pod } from '../../src/kube/resources.ts';
import { askAddress } from './prober.ts';
import { type Demand, loadOfMachine, printDemands, printRows, seconds } from './report.ts';
import { percentile } from './statistics.ts';
import { bear, benchNamespace, isReady, podsOf, publishedAddress } from './tenants.ts';

export interface RebootResult {
  readonly count: number;
  /** Milliseconds from the power cut to the first good answer of each tenant's published address. */
  readonly answersMs: readonly number[];
  /** Milliseconds from the power cut until each tenant is Ready and all of its containers are. */
  readonly readyMs: readonly number[];
  /** Milliseconds from the power cut until the management API server answers. */
  readonly managementMs: number;
  /** Restarts beyond the one that the power cut made of each container, by program. */
  readonly restarts: Readonly<Record<string, number>>;
  readonly load: number;
}

export interface RebootOptions {
  readonly count: number;
  /** Seconds in which all have to be Ready again. */
  readonly within: number;
  /** Ends everything on the node at once and starts it again. */
  readonly cutPower: () => Promise<void>;
}

const askIntervalMs = 500;
const timeoutMs = 20 * 60_000;

/** Takes the power from the management node while all tenants run, and waits until they are back. */
export async function reboot(client: KubeClient, options: RebootOptions): Promise<RebootResult> {
  const tenants = (await bear(client, options.count)).map(({ tenant }) => tenant);
  const before = restartsByContainer(await podsOf(client, tenants));
  // Containers say in whole seconds when they started.
  await delay(2000);

  const cut = { date: new Date(), ms: performance.now() };
  await options.cutPower();
  const signal = AbortSignal.timeout(timeoutMs);
  const [managementMs, answersMs, readyMs] = await Promise.all([
    untilManagementAnswers(client, cut.ms, signal),
    Promise.all(tenants.map((tenant) => untilAnswers(tenant, cut.ms, signal))),
    untilAllReady(client, tenants, cut, signal),
  ]);

  const after = restartsByContainer(await podsOf(client, tenants));
  const result: RebootResult = {
    count: options.count,
    answersMs,
    readyMs,
    managementMs,
    restarts: restartsBeyondReboot(before, after),
    load: loadOfMachine(),
  };
  print(result);
  printDemands(demandsOf(result, options.within));
  return result;
}

/** Of each container, by `pod/container`. */
export function restartsByContainer(pods: readonly Pod[]): ReadonlyMap<string, number> {
  const counts = pods.flatMap((pod) =>
    (pod.status?.containerStatuses ?? []).map(
      ({ name, restartCount }) => [`${pod.metadata?.name}/${name}`, restartCount] as const,
    ),
  );
  return new Map(counts);
}

/** By container name; programs without any are left out. */
export function restartsBeyondReboot(
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
): Readonly<Record<string, number>> {
  const beyond: Record<string, number> = {};
  for (const [key, count] of after) {
    const own = before.get(key);
    // A pod of after the cut owes it nothing.
    const extra = own === undefined ? count : count - own - 1;
    const program = key.slice(key.indexOf('/') + 1);
    if (extra > 0) beyond[program] = (beyond[program] ?? 0) + extra;
  }
  return beyond;
}

/** Whether the pod has containers and each of them is ready and was started after `cut`. */
export function isBackSince(pod: Pod, cut: Date): boolean {
  const containers = pod.status?.containerStatuses ?? [];
  return (
    containers.length > 0 &&
    containers.every(
      ({ ready, state }) => ready && Date.parse(String(state?.running?.startedAt)) >= cut.getTime() - 1000,
    )
  );
}

export function demandsOf(result: RebootResult, within: number): readonly Demand[] {
  const lastMs = Math.max(...result.readyMs);
  return [
    { what: `all Ready again within ${within} s`, found: seconds(lastMs), isMet: lastMs <= within * 1000 },
  ];
}

async function untilManagementAnswers(
  client: KubeClient,
  cutMs: number,
  signal: AbortSignal,
): Promise<number> {
  await untilTrue(signal, async () => (await client.probe('/readyz', { timeoutMs: 2000 })).status === 200);
  return Math.round(performance.now() - cutMs);
}

async function untilAnswers(tenant: TenantControlPlane, cutMs: number, signal: AbortSignal): Promise<number> {
  await untilTrue(signal, async () => {
    await askAddress({ url: publishedAddress(tenant) }, 3000);
    return true;
  });
  return Math.round(performance.now() - cutMs);
}

/** What the API server says of a tenant outlives the cut; that its containers are new is what makes it true. */
async function untilAllReady(
  client: KubeClient,
  tenants: readonly TenantControlPlane[],
  cut: { readonly date: Date; readonly ms: number },
  signal: AbortSignal,
): Promise<readonly number[]> {
  const readyMs = new Map<string, number>();
  await untilTrue(signal, async () => {
    const [{ items }, all] = await Promise.all([
      client.list(tenantControlPlanes, { namespace: benchNamespace, timeoutMs: 5000 }),
      podsOf(client, tenants),
    ]);
    for (const { status } of tenants) {
      const id = status?.runtimeId ?? '';
      const tenant = items.find((each) => each.status?.runtimeId === id);
      const own = all.filter((pod) => pod.metadata?.labels?.['marina.dev/runtime-id'] === id);
      if (readyMs.has(id) || !tenant || !isReady(tenant)) continue;
      if (own.length > 0 && own.every((pod) => isBackSince(pod, cut.date)))
        readyMs.set(id, Math.round(performance.now() - cut.ms));
    }
    return readyMs.size === tenants.length;
  });
  return [...readyMs.values()];
}

/** Asks until the answer is yes. A server that is away or starved gives errors of all kinds; they are a no. */
async function untilTrue(signal: AbortSignal, ask: () => Promise<boolean>): Promise<void> {
  let last: unknown;
  while (!signal.aborted) {
    try {
      if (await ask()) return;
    } catch (error: unknown) {
      last = error;
    }
    await delay(askIntervalMs);
  }
  throw new Error(`not within ${timeoutMs / 1000} s`, { cause: last });
}

function print(result: RebootResult): void {
  const spread = (all: readonly number[]) =>
    [0.001, 0.5, 1].map((at) => seconds(percentile(all, at))).join(' / ');
  const restarts = Object.entries(result.restarts).map(([program, count]) => `${program} ${count}`);
  printRows(`${result.count} after a power cut of the management node`, [
    ['management API server answers', seconds(result.managementMs)],
    ['published address answers, first / p50 / last', spread(result.answersMs)],
    ['Ready again, first / p50 / last', spread(result.readyMs)],
    ['restarts beyond the power cut', restarts.join(', ') || 'none'],
    ['load of the machine', String(result.load)],
  ]);
}
