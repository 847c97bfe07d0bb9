import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startManagementCluster } from '../../test/support/management-cluster.ts';
import { startDatabaseServer } from '../../test/support/management-database.ts';
import { createTemporaryDirectory } from '../../test/support/temporary-directory.ts';
import { cpuSecondsIn } from './cpu.ts';
import { readProcess } from './processes.ts';
import { type ProbeSummary, summarizeRequests } from './prober.ts';
import { loadOfMachine, mebibytes, milliseconds, printRows, printTable } from './report.ts';
import { openRestLoad, type RestLoad } from './rest-load.ts';
import { type RestRecord, restOperations, type Sample, slopeOf } from './rest-mix.ts';
import { type RestProcess, startRestProcess } from './rest-process.ts';
import { targetsOf, type Way, ways } from './rest-targets.ts';

export interface RestBenchOptions {
  readonly perSecond: number;
  /** Of each load, of which there are two a round: over REST, and straight. */
  readonly seconds: number;
  readonly rounds: number;
  /** Minutes of load on REST alone, while its memory is watched; 0: none. */
  readonly soak: number;
  /** Directory for a CPU profile of the REST process, which is written when it ends. */
  readonly profile?: string | undefined;
}

type Loads = Readonly<Record<Way, RestLoad>>;
type Records = Readonly<Record<Way, readonly RestRecord[]>>;

/** Seconds before anything is measured: connections are opened, code is compiled. */
const warmUpSeconds = 10;
/** Milliseconds between two looks at the memory. */
const sampleMs = 5_000;

/**
 * The same mix of requests over REST and straight to the API server, in turn, for control planes that nobody reconciles. Whatever was
 * started ends with it.
 */
export async function rest(options: RestBenchOptions, signal: AbortSignal): Promise<unknown> {
  await using started = new AsyncDisposableStack();
  const server = started.use(await startDatabaseServer());
  const cluster = started.use(await startManagementCluster());
  const { path: directory } = started.use(await createTemporaryDirectory('bench-rest'));
  if (options.profile !== undefined) await mkdir(options.profile, { recursive: true });
  const served = started.use(
    await startRestProcess(
      { kubeconfigPath: cluster.kubeconfigPath, database: await server.createDatabase() },
      path.join(directory, 'rest.log'),
      options.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${options.profile}`],
    ),
  );
  const targets = await targetsOf(cluster, served.url);
  const loads: Loads = {
    REST: started.use(await openRestLoad(targets.REST, 'rest')),
    'kube-apiserver': started.use(await openRestLoad(targets['kube-apiserver'], 'straight')),
  };
  const compared = await compare(loads, served, options, signal);
  const soaked = options.soak > 0 ? await soak(loads.REST, served, options, signal) : undefined;
  return { options, loadOfMachine: loadOfMachine(), ...compared, ...(soaked && { soak: soaked }) };
}

async function compare(
  loads: Loads,
  served: RestProcess,
  { perSecond, seconds, rounds }: RestBenchOptions,
  signal: AbortSignal,
) {
  const records: Record<Way, RestRecord[]> = { REST: [], 'kube-apiserver': [] };
  for (const way of ways) await loads[way].run({ perSecond, seconds: warmUpSeconds, signal });
  let cpuSeconds = 0;
  for (let round = 0; round < rounds; round += 1) {
    for (const way of round % 2 === 0 ? ways : ways.toReversed()) {
      const before = await cpuSecondsOf(served);
      records[way].push(...(await loads[way].run({ perSecond, seconds, signal })));
      if (way === 'REST') cpuSeconds += (await cpuSecondsOf(served)) - before;
    }
  }
  const cpuPercent = (cpuSeconds / (seconds * rounds)) * 100;
  const summaries = {
    REST: summariesOf(records.REST),
    'kube-apiserver': summariesOf(records['kube-apiserver']),
  };
  printComparison(records, { perSecond, cpuPercent });
  return { summaries, cpuPercent };
}

async function soak(
  load: RestLoad,
  served: RestProcess,
  { perSecond, soak: minutes }: RestBenchOptions,
  signal: AbortSignal,
) {
  const ended = new AbortController();
  const samples: Sample[] = [];
  const watching = watch(served, samples, AbortSignal.any([signal, ended.signal]));
  const records = await load.run({ perSecond, seconds: minutes * 60, signal });
  ended.abort();
  await watching;
  // The first fifth is the heap growing to what it needs.
  const later = samples.slice(Math.floor(samples.length / 5));
  const slope = slopeOf(later);
  const bytes = later.map((sample) => sample.bytes);
  const summary = summaryOf(records);
  printRows(`${minutes} minutes over REST, the first fifth of the memory left out`, [
    ['requests, failed', `${summary.requests}, ${summary.failed}`],
    ['p50, p99', `${milliseconds(summary.p50Ms)}, ${milliseconds(summary.p99Ms)}`],
    ['RSS, first and last', `${mebibytes(bytes[0] ?? 0)}, ${mebibytes(bytes.at(-1) ?? 0)}`],
    ['RSS, least and most', `${mebibytes(Math.min(...bytes))}, ${mebibytes(Math.max(...bytes))}`],
    ['RSS grows by', `${((slope * 600) / 2 ** 20).toFixed(1)} MiB in ten minutes`],
    ...summary.failures.map((failure) => ['failure', failure] as const),
  ]);
  return { summary, samples, bytesPerSecond: slope };
}

async function watch(served: RestProcess, samples: Sample[], signal: AbortSignal): Promise<void> {
  const startMs = performance.now();
  while (!signal.aborted) {
    samples.push({ seconds: (performance.now() - startMs) / 1_000, bytes: await residentSetOf(served) });
    await delay(sampleMs, undefined, { signal }).catch(() => undefined);
  }
}

async function residentSetOf({ process: { pid } }: RestProcess): Promise<number> {
  const status = await readProcess(`${pid}`, 'status');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? Number.NaN) * 1_024;
}

async function cpuSecondsOf({ process: { pid } }: RestProcess): Promise<number> {
  return cpuSecondsIn(await readProcess(`${pid}`, 'stat'));
}

function summaryOf(records: readonly RestRecord[]): ProbeSummary {
  const failures = records.flatMap(({ failure }) => failure ?? []);
  const good = records.filter(({ failure }) => failure === undefined).map(({ ms }) => ms);
  return summarizeRequests(good, failures);
}

function summariesOf(records: readonly RestRecord[]): Readonly<Record<string, ProbeSummary>> {
  const ofOperations = restOperations.map((operation) => {
    const own = records.filter((record) => record.operation === operation);
    return [operation, summaryOf(own)] as const;
  });
  return { all: summaryOf(records), ...Object.fromEntries(ofOperations) };
}

function printComparison(
  records: Records,
  { perSecond, cpuPercent }: { readonly perSecond: number; readonly cpuPercent: number },
): void {
  const [over, straight] = [summariesOf(records.REST), summariesOf(records['kube-apiserver'])];
  const rows = ['all', ...restOperations].map((operation) => {
    const [a, b] = [over[operation], straight[operation]];
    if (!a || !b) return [operation];
    const times = [a.p50Ms, a.p99Ms, b.p50Ms, b.p99Ms].map(milliseconds);
    return [operation, `${a.requests}`, `${a.failed}, ${b.failed}`, ...times, (a.p99Ms / b.p99Ms).toFixed(1)];
  });
  const heading = ['', 'requests', 'failed', 'REST p50', 'p99', 'straight p50', 'p99', 'p99 x'];
  printTable(`${perSecond} requests/s, load of the machine ${loadOfMachine().toFixed(1)}`, [
    heading,
    ...rows,
  ]);
  const failures = ways.flatMap((way) => summaryOf(records[way]).failures.map((each) => `${way}: ${each}`));
  printRows('', [
    ['CPU of the REST process', `${cpuPercent.toFixed(0)} % of a core`],
    ...failures.map((failure) => ['failure', failure] as const),
  ]);
}
