import { execFileSync } from 'node:child_process';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { format } from 'prettier';
import { kineVersion, kubernetesVersion } from '../toolchain/versions.ts';
import type { Checkout } from '../local/checkout.ts';
import { type RunFacts, type StoreRun, renderReport } from './report.ts';

/** What is kept of a run, in `results.json` of its folder. */
export interface KeptRun {
  readonly facts: RunFacts;
  readonly stores: readonly StoreRun[];
  /** All tests on all stores. */
  readonly isWhole: boolean;
}

export function reportsDirectory(checkout: Checkout): string {
  return path.join(checkout.stateDirectory, 'conformance');
}

/** The newest run of all tests on all stores, with its folder. */
export async function lastWholeRun(
  checkout: Checkout,
): Promise<{ readonly run: KeptRun; readonly directory: string } | undefined> {
  const parent = reportsDirectory(checkout);
  const names = await readdir(parent).catch(() => []);
  for (const name of names.sort().reverse()) {
    const directory = path.join(parent, name);
    const text = await readFile(path.join(directory, 'results.json'), 'utf8').catch(() => undefined);
    if (text === undefined) continue; // it did not come to an end
    const run = JSON.parse(text) as KeptRun;
    if (run.isWhole) return { run, directory };
  }
  return undefined;
}

/** Writes `results.json` and `report.md` into a folder; docs/conformance.md as well when the run is a whole one. */
export async function keepRun(checkout: Checkout, directory: string, run: KeptRun): Promise<void> {
  const report = await format(renderReport(run.facts, run.stores), { parser: 'markdown' });
  await mkdir(directory, { recursive: true });
  await writeFile(path.join(directory, 'results.json'), `${JSON.stringify(run, undefined, 2)}\n`);
  await writeFile(path.join(directory, 'report.md'), report);
  if (run.isWhole) await writeFile(path.join(checkout.root, 'docs', 'conformance.md'), report);
}

export function gatherFacts(given: Pick<RunFacts, 'date' | 'processes' | 'marina'>): RunFacts {
  const describe = ['describe', '--always', '--dirty', '--exclude=*'];
  return {
    ...given,
    commit: execFileSync('git', describe, { encoding: 'utf8' }).trim(),
    kubernetes: kubernetesVersion,
    kine: kineVersion,
    cores: os.availableParallelism(),
    load: os.loadavg()[0] ?? Number.NaN,
  };
}
