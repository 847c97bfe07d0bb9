import type { KubeClient } from '../../src/kube/client.ts';
import { connect } from '../../src/kube/kubeconfig.ts';
import { type LocalEnvironment, readEnvironment } from '../local/local-environment.ts';
import { thisCheckout } from '../local/checkout.ts';
import { save } from './report.ts';
import { removeAll } from './tenants.ts';

/** What a scenario works with. */
export interface Bench {
  readonly client: KubeClient;
  readonly environment: LocalEnvironment;
  /** Aborted by SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
}

/** Runs a scenario and saves what it returns; the control planes that it made are removed however it ends. */
export async function measure(name: string, scenario: (bench: Bench) => Promise<unknown>): Promise<void> {
  const interrupted = new AbortController();
  // More than once: a terminal signals every process of the group, and each passes it on.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interrupted.abort());
  const { signal } = interrupted;
  await using environment = await readEnvironment('bench');
  const target = { kubeconfigFile: environment.managementKubeconfig };
  const sweeper = await connect(target);
  try {
    // What a run that was killed left.
    await removeAll(sweeper);
    const client = await connect(target);
    // Closed first: what of an interrupted scenario still goes on can make nothing any more.
    const result = await unlessAborted(scenario({ client, environment, signal }), signal).finally(() =>
      client.close(),
    );
    await save(environment.checkout.stateDirectory, name, result);
  } catch (error: unknown) {
    if (!signal.aborted) throw error;
    console.error('interrupted; taking away what was made');
  } finally {
    await removeAll(sweeper);
    await sweeper.close();
  }
  // Timers of the scenario would keep the process.
  if (signal.aborted) process.exit(1);
}

/** Runs a scenario that starts what it measures and ends it by itself, also when it is interrupted; saves what it returns. */
export async function measureAlone(
  name: string,
  scenario: (signal: AbortSignal) => Promise<unknown>,
): Promise<void> {
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interrupted.abort());
  try {
    await save(thisCheckout().stateDirectory, name, await scenario(interrupted.signal));
  } catch (error: unknown) {
    if (!interrupted.signal.aborted) throw error;
    console.error('interrupted');
    process.exitCode = 1;
  }
}

async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const { promise, reject } = Promise.withResolvers<never>();
  signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  return await Promise.race([work, promise]);
}
