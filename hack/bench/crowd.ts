import { setTimeout as delay } from 'node:timers/promises';
import { tenantControlPlanes } from '../../src/api/v1alpha1/tenant-control-plane.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import type { ObjectRef } from '../../src/kube/resource.ts';
import { type ProbeKind, type ProbeSummary, startProber, summarize } from './prober.ts';
import { slowestTimeline } from './provision.ts';
import { type Demand, loadOfMachine, milliseconds, printDemands, printRows, seconds } from './report.ts';
import { percentile } from './statistics.ts';
import { bear, isReady, podsOf, readKubeconfig, restartsOf } from './tenants.ts';

type Answers = Partial<Record<ProbeKind, ProbeSummary>>;

export interface CrowdResult {
  readonly count: number;
  /** Milliseconds from just before the apply to Ready, one per control plane. */
  readonly readyMs: readonly number[];
  readonly timeline: Readonly<Record<string, number>>;
  /** Container restarts of the crowd and, while it was born, of the neighbour. */
  readonly restarts: number;
  readonly neighbourRestarts: number;
  /** What the neighbour's users saw in quiet, and while the crowd was born. */
  readonly neighbourBefore: Answers;
  readonly neighbourDuring: Answers;
  /** Load averages of the last minute. */
  readonly loadBefore: number;
  readonly loadAfter: number;
}

export interface CrowdOptions {
  readonly count: number;
  /** Seconds in which all have to be Ready. */
  readonly within: number;
  /** A tenant that is Ready. */
  readonly neighbour: ObjectRef;
}

const probeIntervalMs = 200;
const quietMs = 10_000;
/** Also when all are Ready the machine is still at work on them. */
const afterMs = 10_000;

/** Bears many control planes at once beside one that is in use all the time. */
export async function crowd(client: KubeClient, options: CrowdOptions): Promise<CrowdResult> {
  const { count, within } = options;
  const neighbour = await client.get(tenantControlPlanes, options.neighbour);
  if (!neighbour || !isReady(neighbour)) throw new Error(`tenant ${options.neighbour.name} is not Ready`);
  const kubeconfig = await readKubeconfig(client, neighbour);
  const restartsBefore = restartsOf(await podsOf(client, [neighbour]));
  const loadBefore = loadOfMachine();

  const quiet = await startProber(kubeconfig, probeIntervalMs);
  await delay(quietMs);
  const neighbourBefore = summarize(await quiet.stop());

  const prober = await startProber(kubeconfig, probeIntervalMs);
  const births = await bear(client, count);
  await delay(afterMs);
  const neighbourDuring = summarize(await prober.stop());

  const tenants = births.map(({ tenant }) => tenant);
  const result: CrowdResult = {
    count,
    readyMs: births.map(({ readyMs }) => readyMs),
    timeline: slowestTimeline(tenants),
    restarts: restartsOf(await podsOf(client, tenants)),
    neighbourRestarts: restartsOf(await podsOf(client, [neighbour])) - restartsBefore,
    neighbourBefore,
    neighbourDuring,
    loadBefore,
    loadAfter: loadOfMachine(),
  };
  print(result);
  printDemands(demandsOf(result, within));
  return result;
}

export function demandsOf(result: CrowdResult, within: number): readonly Demand[] {
  const lastMs = Math.max(...result.readyMs);
  const answers = Object.values(result.neighbourDuring);
  const failed = answers.reduce((sum, each) => sum + each.failed, 0);
  const requests = answers.reduce((sum, each) => sum + each.requests, 0);
  const restarts = result.restarts + result.neighbourRestarts;
  return [
    { what: `all Ready within ${within} s`, found: seconds(lastMs), isMet: lastMs <= within * 1000 },
    { what: '0 container restarts', found: String(restarts), isMet: restarts === 0 },
    {
      what: "0 failed requests of the neighbour's users",
      found: `${failed} of ${requests}`,
      isMet: failed === 0 && requests > 0,
    },
  ];
}

function print(result: CrowdResult): void {
  const { count, readyMs } = result;
  printRows(`${count} at once`, [
    [
      'apply to Ready, first / p50 / last',
      [0.001, 0.5, 1].map((at) => seconds(percentile(readyMs, at))).join(' / '),
    ],
    ...Object.entries(result.timeline).map(([step, ms]) => [`slowest ${step}`, seconds(ms)] as const),
    ['load of the machine before / after', `${result.loadBefore} / ${result.loadAfter}`],
  ]);
  printAnswers('The neighbour before', result.neighbourBefore);
  printAnswers('The neighbour meanwhile', result.neighbourDuring);
}

function printAnswers(title: string, answers: Answers): void {
  const rows = Object.entries(answers).map(([kind, each]) => {
    const times = [each.p50Ms, each.p99Ms, each.maxMs].map(milliseconds).join(' / ');
    const failures = each.failures.map((failure) => `\n    ${failure}`).join('');
    return [
      `${kind}: p50 / p99 / max, failed`,
      `${times}, ${each.failed} of ${each.requests}${failures}`,
    ] as const;
  });
  printRows(title, rows);
}
