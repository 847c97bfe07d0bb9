import path from 'node:path';
import { ensureBinaries } from '../toolchain/binaries.ts';
import { type Image, ensureImage } from '../toolchain/images.ts';
import type { Context } from '../local/context.ts';
import type { StoreKind } from '../local/datastores.ts';
import { type Kubectl, openKubectl } from '../local/kubectl.ts';
import { managementKubeconfig } from '../local/management-cluster.ts';
import type { Shell } from '../local/shell.ts';
import { type Steps, formatSeconds } from '../local/steps.ts';
import { agnhost } from './agnhost.ts';
import { openEnvironment } from './environment.ts';
import type { StoreRun } from './report.ts';
import { type Subject, makeSubject, removeSubject, storeVersion, subjects } from './subject.ts';
import { type SuitePrograms, runSuite } from './suite.ts';

export interface RunOptions {
  /** For the tenant of each store; a store without any is left alone. */
  readonly tests: Readonly<Record<StoreKind, readonly string[]>>;
  /** Of the reports; each store has a folder in it. */
  readonly directory: string;
  /** Of the suite, for each store. */
  readonly processes: number;
  /** Ends the tests; what was made is taken away all the same. */
  readonly signal: AbortSignal;
}

export interface Run {
  /** Image of the Marina that made the tenants. */
  readonly marina: string;
  readonly stores: readonly StoreRun[];
}

interface Prepared {
  readonly marina: string;
  /** Of each store's server, in the order of the subjects. */
  readonly versions: readonly string[];
  readonly programs: SuitePrograms;
  readonly image: Image;
}

/**
 * Runs the tests against a tenant on each store, all at once; tenants and workers are made for it and taken away after it.
 * @throws StepFailed when it could not come to an end; tests that fail are results
 */
export async function runOnStores(steps: Steps, options: RunOptions): Promise<Run> {
  const chosen = Object.values(subjects).filter(({ store }) => options.tests[store].length > 0);
  const removeAll = (shell: Shell): Promise<void> => remove(shell, chosen);
  const prepared = await steps.run(
    { key: 'conformance-prepare', title: 'Environment, upstream’s suite and its image' },
    (shell) => prepare(shell, chosen),
  );
  await steps.run({ key: 'conformance-before', title: 'What an interrupted run left' }, removeAll);
  try {
    const kubeconfigs = await steps.run(
      { key: 'conformance-tenants', title: 'Tenants and workers' },
      async (shell) => {
        const { context, management } = await open(shell);
        const making = chosen.map((subject) => makeSubject(context, management, subject, prepared.image));
        return await settle(making, options.signal);
      },
    );
    const stores = await steps.run({ key: 'conformance-suite', title: 'Tests' }, (shell) => {
      const running = chosen.map(async ({ store }, index): Promise<StoreRun> => {
        const version = prepared.versions[index] ?? '';
        const kubeconfig = kubeconfigs[index] ?? '';
        const outcome = await testStore(shell, prepared.programs, options, { store, kubeconfig });
        return { kind: store, version, ...outcome };
      });
      return settle(running, options.signal);
    });
    return { marina: prepared.marina, stores };
  } finally {
    await steps.run({ key: 'conformance-away', title: 'Tenants and workers go' }, removeAll);
  }
}

async function prepare(shell: Shell, chosen: readonly Subject[]): Promise<Prepared> {
  const { management } = await open(shell);
  const versions: string[] = [];
  for (const subject of chosen) versions.push(await storeVersion(management, subject));
  const target = ['--namespace', 'marina-system', 'get', 'deployment/marina'];
  const image = 'jsonpath={.spec.template.spec.containers[0].image}';
  return {
    marina: await management.run([...target, '--output', image]),
    versions,
    programs: await ensureBinaries(['e2e.test', 'ginkgo', 'kubectl'], shell.progress),
    image: await ensureImage('agnhost', agnhost, shell.progress),
  };
}

async function testStore(
  shell: Shell,
  programs: SuitePrograms,
  { tests: allTests, directory, processes, signal }: RunOptions,
  { store, kubeconfig }: { readonly store: StoreKind; readonly kubeconfig: string },
): Promise<Pick<StoreRun, 'results' | 'seconds'>> {
  const tests = allTests[store];
  const started = performance.now();
  let finished = 0;
  const results = await runSuite(programs, {
    kubeconfig,
    directory: path.join(directory, store),
    tests,
    processes,
    signal,
    onFinished: ({ name, isPassed, seconds }) => {
      finished += 1;
      const count = `${finished}/${tests.length}`.padStart(7);
      const duration = formatSeconds(seconds * 1000).padStart(11);
      shell.progress(`${store.padEnd(8)} ${count} ${isPassed ? 'passed' : 'FAILED'} ${duration}  ${name}`);
    },
  });
  return { results, seconds: (performance.now() - started) / 1000 };
}

async function remove(shell: Shell, chosen: readonly Subject[]): Promise<void> {
  const { context, management } = await open(shell);
  await settle(chosen.map((subject) => removeSubject(context, management, subject)));
}

async function open(shell: Shell): Promise<{ readonly context: Context; readonly management: Kubectl }> {
  const context = await openEnvironment(shell);
  return { context, management: await openKubectl(shell, managementKubeconfig(context.checkout)) };
}

/** As Promise.all, but nothing goes on after it: what is taken away next may not be made anew meanwhile. */
async function settle<T>(promises: readonly Promise<T>[], signal?: AbortSignal): Promise<readonly T[]> {
  await Promise.allSettled(promises);
  signal?.throwIfAborted();
  return await Promise.all(promises);
}
