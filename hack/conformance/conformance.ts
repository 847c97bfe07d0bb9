import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { thisCheckout } from '../local/checkout.ts';
import type { Checkout } from '../local/checkout.ts';
import { type StoreChoice, type StoreKind, storeChoices } from '../local/datastores.ts';
import { StepFailed, Steps, terminal } from '../local/steps.ts';
import { type StoreRun, titleOf } from './report.ts';
import { type KeptRun, gatherFacts, keepRun, lastWholeRun, reportsDirectory } from './reports.ts';
import { countOf, firstLine, withAgain } from './results.ts';
import { runOnStores } from './run.ts';
import { readTests } from './tests.ts';

interface Options {
  readonly store: StoreChoice;
  readonly focus?: string;
  readonly tests?: string;
  readonly processes: number;
  readonly again: boolean;
}

const ownTests = 'test/conformance/node-free-tests.txt';

const command = new Command('npm run test:conformance --')
  .description(
    'Runs the conformance tests of upstream Kubernetes that need no running nodes against a tenant on each shared store of the running environment.',
  )
  .addOption(
    new Option('--store <kind>', 'store of the tenant to test')
      .choices(Object.keys(storeChoices))
      .default('both'),
  )
  .option('--focus <text>', 'only tests whose name contains it')
  .option('--tests <file>', `names of tests, one a line, instead of ${ownTests}`)
  .option('--processes <n>', 'processes of the suite for each store', parseProcesses, 2)
  .option('--again', 'what did not pass in the last run of all tests, alone; its report then says so', false)
  .addHelpText(
    'after',
    `
Needs an environment with the stores: npm run up -- --datastore both. Tenants and workers are made for the run and taken away after it.
Reports are in .marina/conformance/; a run of all tests on both stores also writes docs/conformance.md. Ends with status 1 when a
test did not pass.

Examples:
  npm run test:conformance
  npm run test:conformance -- --again
  npm run test:conformance -- --store postgres --focus 'API chunking'`,
  )
  .parse();

const interrupted = new AbortController();
// Not the end of this process: what was made is to be taken away.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => interrupted.abort(new Error(`ended by ${signal}`)));

process.exitCode = await main(thisCheckout(), command.opts<Options>());

type Tests = Readonly<Record<StoreKind, readonly string[]>>;

async function main(checkout: Checkout, options: Options): Promise<number> {
  const earlier = options.again ? await lastWholeRun(checkout) : undefined;
  const tests = options.again ? notPassed(earlier?.run) : await readChosen(checkout, options);
  if (Object.values(tests).every(({ length }) => length === 0)) {
    process.stderr.write('There is no such test.\n');
    return 2;
  }
  const date = new Date().toISOString();
  const directory = path.join(reportsDirectory(checkout), date.replace(/[:.]/g, '-'));
  const processes = options.again ? 1 : options.processes;
  const steps = new Steps(path.join(checkout.stateDirectory, 'logs'));
  try {
    const { marina, stores } = await runOnStores(steps, {
      ...{ tests, directory, processes },
      signal: interrupted.signal,
    });
    const isWhole = options.store === 'both' && !options.focus && !options.tests && !options.again;
    const facts = gatherFacts({ date, processes, marina });
    await keepRun(checkout, directory, { facts, stores, isWhole });
    if (earlier) await keepRun(checkout, earlier.directory, completed(earlier.run, stores));
    terminal.print(`\nReports: ${directory}`);
    return summarize(stores) ? 0 : 1;
  } catch (error) {
    if (error instanceof StepFailed) return 1;
    throw error;
  }
}

async function readChosen(checkout: Checkout, options: Options): Promise<Tests> {
  const file = options.tests ?? path.join(checkout.root, ownTests);
  const names = readTests(await readFile(file, 'utf8'), options.focus);
  const stores: readonly StoreKind[] = storeChoices[options.store];
  const of = (store: StoreKind): readonly string[] => (stores.includes(store) ? names : []);
  return { etcd: of('etcd'), postgres: of('postgres') };
}

function notPassed(run: KeptRun | undefined): Tests {
  const of = (kind: StoreKind): readonly string[] => {
    const results = run?.stores.find((store) => store.kind === kind)?.results ?? [];
    return results.filter(({ outcome }) => outcome !== 'passed').map(({ name }) => name);
  };
  return { etcd: of('etcd'), postgres: of('postgres') };
}

function completed(run: KeptRun, again: readonly StoreRun[]): KeptRun {
  const stores = run.stores.map((store) => {
    const second = again.find(({ kind }) => kind === store.kind);
    return second ? { ...store, results: withAgain(store.results, second.results) } : store;
  });
  return { ...run, stores };
}

/** Whether all passed. */
function summarize(runs: readonly StoreRun[]): boolean {
  for (const run of runs) {
    for (const { name, outcome, message } of run.results) {
      if (outcome !== 'passed')
        terminal.print(`${titleOf(run)}: ${outcome}: ${name}\n    ${firstLine(message)}`);
    }
    terminal.print(`${titleOf(run)}: ${countOf(run.results, 'passed')} of ${run.results.length} passed`);
  }
  return runs.every(({ results }) => countOf(results, 'passed') === results.length);
}

function parseProcesses(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > 32)
    throw new InvalidArgumentError('a whole number from 1 to 32');
  return count;
}
