import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { finished } from 'node:stream/promises';
import { type FinishedTest, readProgress } from './progress.ts';
import { type TestResult, readResults } from './results.ts';
import { focusExpression } from './tests.ts';

export interface SuitePrograms {
  readonly 'e2e.test': string;
  readonly ginkgo: string;
  readonly kubectl: string;
}

export interface SuiteOptions {
  readonly kubeconfig: string;
  /** Of the reports: `output.log`, `junit_01.xml`, `ginkgo/report.json`. */
  readonly directory: string;
  readonly tests: readonly string[];
  /** Processes that share the tests; serial ones run after all others, alone. */
  readonly processes: number;
  /** Ends the run at once. */
  readonly signal: AbortSignal;
  readonly onFinished: (test: FinishedTest) => void;
}

/** Runs tests of the upstream suite against a cluster and returns what became of each; failing tests do not make it fail. */
export async function runSuite(
  programs: SuitePrograms,
  options: SuiteOptions,
): Promise<readonly TestResult[]> {
  const { directory, tests } = options;
  await mkdir(directory, { recursive: true });
  await runGinkgo(programs, options);
  const report = path.join(directory, 'ginkgo', 'report.json');
  return readResults(await readFile(report, 'utf8').catch(() => undefined), tests);
}

async function runGinkgo(programs: SuitePrograms, options: SuiteOptions): Promise<void> {
  const { kubeconfig, directory, tests, processes, signal } = options;
  signal.throwIfAborted();
  // The group of its own is what a kill reaches: the suite's processes are ginkgo's children.
  const child = spawn(
    programs.ginkgo,
    [
      ...[`--procs=${processes}`, '--no-color', '-v', '--timeout=3h'],
      `--focus=${focusExpression(tests)}`,
      programs['e2e.test'],
      '--',
      ...[`--kubeconfig=${kubeconfig}`, '--provider=skeleton', `--kubectl-path=${programs.kubectl}`],
      ...[`--report-dir=${directory}`, '--report-complete-ginkgo', `--e2e-output-dir=${directory}`],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'], detached: true },
  );
  const end = (): void => {
    if (child.pid && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
  };
  signal.addEventListener('abort', end);
  const log = createWriteStream(path.join(directory, 'output.log'));
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  createInterface({ input: child.stdout }).on('line', readProgress(tests, options.onFinished));
  try {
    await once(child, 'close');
  } finally {
    signal.removeEventListener('abort', end);
    log.end();
    await finished(log);
  }
  signal.throwIfAborted();
}
