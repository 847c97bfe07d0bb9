import { readDuration } from './duration.ts';
import type { Backend } from './backend.ts';
import type { CommonFlags, Context, Surroundings } from './context.ts';
import { CliError } from './failure.ts';
import { configFile, readConfig } from './settings/config-file.ts';
import { chooseTarget, type Target } from './settings/target.ts';

const defaultTimeout = '10m';

/** Runs a command with all that it needs, and closes what it opened. */
export async function withContext(
  surroundings: Surroundings,
  flags: CommonFlags,
  command: (context: Context) => Promise<void>,
): Promise<void> {
  const { environment, isPlugin } = surroundings;
  const file = configFile(environment);
  const config = once(() => readConfig(file));
  const target = once(async () => chooseTarget(flags, environment, await config(), isPlugin));
  let opened: Backend | undefined;
  const backend = once(async () => (opened = await openBackend(await target(), surroundings, flags)));
  const context: Context = {
    ...surroundings,
    flags,
    format: flags.format ?? 'table',
    configFile: file,
    timeoutMs: readDuration(flags.timeout ?? defaultTimeout) * 1_000,
    config,
    target,
    backend,
    namespace: async () => (await target()).namespace ?? (await namespaceOfKubeconfig(await target())),
  };
  try {
    await command(context);
  } finally {
    await opened?.[Symbol.asyncDispose]();
  }
}

async function openBackend(
  target: Target,
  surroundings: Surroundings,
  { verbose }: CommonFlags,
): Promise<Backend> {
  if (target.way === 'rest') {
    const { openRest } = await import('./rest/open.ts');
    return await openRest(target, surroundings, verbose === true);
  }
  const { openStraight } = await import('./straight/open.ts');
  return await openStraight(target, surroundings);
}

async function namespaceOfKubeconfig(target: Target): Promise<string> {
  if (target.way === 'rest') return target.namespace;
  const { kubeTarget } = await import('./straight/open.ts');
  const { namespaceOf } = await import('../kube/kubeconfig.ts');
  try {
    return (await namespaceOf(kubeTarget(target))) ?? 'default';
  } catch (cause: unknown) {
    throw new CliError('usage', `The kubeconfig cannot be read: ${(cause as Error).message}`, { cause });
  }
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
