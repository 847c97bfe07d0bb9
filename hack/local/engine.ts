import type { Context } from './context.ts';
import { checkoutLabel } from './checkout.ts';
import type { Checkout } from './checkout.ts';
import { LocalError } from './errors.ts';
import { podmanFiles } from './podman-config.ts';
import type { Road } from './road.ts';
import type { CommandOptions, CommandResult } from './shell.ts';

/** The program that runs the node containers of one checkout. podman and docker take the same commands for all that is done here. */
export interface ContainerEngine {
  readonly road: Road;
  readonly program: 'podman' | 'docker';
  readonly network: string;
  /** Makes the engine, and kind through it, work on what belongs to this checkout. */
  readonly environment: Readonly<Record<string, string>>;
}

export type ContainerState = 'running' | 'stopped' | 'absent';

export function openEngine(checkout: Checkout, road: Road): ContainerEngine {
  if (road === 'docker') {
    const environment = {
      KIND_EXPERIMENTAL_PROVIDER: 'docker',
      KIND_EXPERIMENTAL_DOCKER_NETWORK: checkout.network,
    };
    return { road, program: 'docker', network: checkout.network, environment };
  }
  const files = podmanFiles(checkout);
  const environment = {
    CONTAINERS_CONF: files.containersConf,
    CONTAINERS_STORAGE_CONF: files.storageConf,
    KIND_EXPERIMENTAL_PROVIDER: 'podman',
    KIND_EXPERIMENTAL_PODMAN_NETWORK: checkout.network,
  };
  return { road, program: 'podman', network: checkout.network, environment };
}

export function engineRun(
  context: Context,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const { shell, engine } = context;
  return shell.run(engine.program, args, { ...options, env: engine.environment });
}

export function engineProbe(
  context: Context,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const { shell, engine } = context;
  return shell.probe(engine.program, args, { ...options, env: engine.environment });
}

/** Runs a program inside a container and returns its standard output. */
export function execute(
  context: Context,
  container: string,
  command: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const interactive = options.input !== undefined || options.inputFile !== undefined ? ['--interactive'] : [];
  return engineRun(context, ['exec', ...interactive, container, ...command], options);
}

export async function containerState(context: Context, container: string): Promise<ContainerState> {
  const result = await engineProbe(context, [
    'container',
    'inspect',
    '--format',
    '{{.State.Running}}',
    container,
  ]);
  if (result.status !== 0) return 'absent';
  return result.stdout.trim() === 'true' ? 'running' : 'stopped';
}

/** Its IP address in the network of the checkout. @throws LocalError Missing when it does not run */
export async function containerAddress(context: Context, container: string): Promise<string> {
  const { engine } = context;
  const format = `{{(index .NetworkSettings.Networks "${engine.network}").IPAddress}}`;
  const result = await engineProbe(context, ['container', 'inspect', '--format', format, container]);
  const address = result.stdout.trim();
  if (result.status === 0 && address) return address;
  throw new LocalError({
    code: 'Missing',
    operation: `find the address of container ${container}`,
    message: 'it is not running',
    remedy: 'npm run up',
  });
}

/** Names of the containers of this checkout; kind gives its nodes a label of its own, workers carry the checkout's. */
export async function listContainers(context: Context): Promise<readonly string[]> {
  const { checkout } = context;
  const names = new Set<string>();
  for (const label of [`${checkoutLabel}=${checkout.id}`, `io.x-k8s.kind.cluster=${checkout.cluster}`]) {
    const args = ['ps', '--all', '--filter', `label=${label}`, '--format', '{{.Names}}'];
    for (const name of (await engineRun(context, args)).split('\n')) if (name) names.add(name);
  }
  return [...names].sort();
}
