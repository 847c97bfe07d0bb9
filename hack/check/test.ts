/**
 * `npm test`: every stage in order, or those that are named, and last a line `N passed, N failed`.
 * What follows the stages goes to jest: `npm run test:unit -- src/pki -t renewal`. With `--long` suites that repeat themselves do so
 * more often.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ensureBinaries } from '../toolchain/binaries.ts';
import { ensureSchemathesis } from './api-schemathesis.ts';
import { inEnvironment } from './in-environment.ts';
import { failure, nothing, tallyJest } from './jest-report.ts';
import type { Tally } from './jest-report.ts';
import { localEnvironment } from './e2e-environment.ts';
import { runNode } from './run-node.ts';
import { isPointless, planFrom, readFigures, summarize } from './stages.ts';
import type { Plan, StageName, StageResult } from './stages.ts';
import { formatDuration } from './table.ts';

/** Built beforehand: a cold build takes longer than a test may. */
const integrationBinaries = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kubeadm'] as const;

/** Milliseconds; jest takes it for a whole run only, not from a project. */
const testTimeouts: Partial<Record<StageName, number>> = {
  integration: 60_000,
  api: 120_000,
  isolation: 120_000,
  faults: 120_000,
  stores: 120_000,
  e2e: 600_000,
};

const jestProgram = 'node_modules/jest/bin/jest.js';

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interrupted.abort());

const plan = planFrom(process.argv.slice(2));
const scratch = await mkdtemp(path.join(tmpdir(), 'marina-test-'));
const figuresFile = path.join(scratch, 'figures');
// Read by test/support/form.ts and figures.ts.
process.env['MARINA_TEST_FORM'] = plan.isLong ? 'long' : 'short';
process.env['MARINA_FIGURES'] = figuresFile;

const results = await runStages(plan);
const figures = readFigures(await readFile(figuresFile, 'utf8').catch(() => ''));
await rm(scratch, { recursive: true, force: true });
const failed = results.some(({ tally }) => tally !== undefined && tally.failed > 0);
process.exitCode = failed || interrupted.signal.aborted ? 1 : 0;
console.log(`\n${summarize(results, figures)}`);

async function runStages(plan: Plan): Promise<readonly StageResult[]> {
  const done: StageResult[] = [];
  for (const name of plan.stages) {
    if (interrupted.signal.aborted) break;
    if (isPointless(name, done)) {
      done.push({ name, tally: undefined, milliseconds: 0 });
      continue;
    }
    console.log(`\n=== ${name}`);
    const started = performance.now();
    const ticker = showLife(name, started);
    const tally = await runStage(name, plan).catch((error: unknown) => failure(String(error)));
    clearInterval(ticker);
    done.push({ name, tally, milliseconds: performance.now() - started });
  }
  return done;
}

/** A log reader sees that a stage goes on; a terminal shows it by itself. */
function showLife(name: StageName, started: number): NodeJS.Timeout | undefined {
  if (process.stdout.isTTY) return undefined;
  return setInterval(
    () => console.log(`... ${name}, ${formatDuration(performance.now() - started)}`),
    60_000,
  );
}

async function runStage(name: StageName, { jestArguments }: Plan): Promise<Tally> {
  switch (name) {
    case 'lint':
      return await script('hack/check/lint.ts');
    case 'build':
      return await script('hack/check/build.ts');
    case 'unit':
      return await jest(name, jestArguments);
    case 'api':
      await Promise.all([ensureBinaries(integrationBinaries), ensureSchemathesis()]);
      return await jest(name, jestArguments);
    case 'integration':
    case 'isolation':
    case 'faults':
      await ensureBinaries(integrationBinaries);
      return await jest(name, jestArguments);
    case 'stores':
      await ensureBinaries([...integrationBinaries, 'kine']);
      return await jest(name, jestArguments);
    case 'e2e':
      return await inEnvironment(localEnvironment(interrupted.signal), () => jest(name, jestArguments));
  }
}

async function script(file: string): Promise<Tally> {
  const status = await runNode([file], interrupted.signal);
  return status === 0 ? nothing : failure(`${file} ended with ${status ?? 'a signal'}`);
}

async function jest(project: StageName, args: readonly string[]): Promise<Tally> {
  const directory = await mkdtemp(path.join(tmpdir(), 'marina-jest-'));
  try {
    const report = path.join(directory, 'report.json');
    const select = [
      '--selectProjects',
      project,
      // The stories share one environment; the rest shares the cores.
      `--maxWorkers=${project === 'e2e' ? 1 : 2}`,
      `--testTimeout=${testTimeouts[project] ?? 5000}`,
      '--ci',
      '--json',
      `--outputFile=${report}`,
    ];
    const status = await runNode(
      ['--experimental-vm-modules', jestProgram, ...select, ...args],
      interrupted.signal,
    );
    const text = await readFile(report, 'utf8').catch(() => undefined);
    return tallyJest(text, status);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
