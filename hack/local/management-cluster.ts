import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ensureBinaries } from '../toolchain/binaries.ts';
import type { Context } from './context.ts';
import type { Checkout } from './checkout.ts';
import { containerAddress, containerState, engineProbe, engineRun } from './engine.ts';
import { refuseWhatIsBusy } from './busy.ts';
import { renderKindConfig } from './kind-config.ts';
import { openKubectl } from './kubectl.ts';
import { createPodmanNetwork } from './podman.ts';
import type { Shell } from './shell.ts';
import { waitForPodsSince } from './pods-since.ts';
import { until } from './wait.ts';

export function managementKubeconfig(checkout: Checkout): string {
  return path.join(checkout.stateDirectory, 'management.kubeconfig');
}

export function managementNode(checkout: Checkout): string {
  return `${checkout.cluster}-control-plane`;
}

/** Makes the management cluster, or starts its node when that is stopped; says what it had to do. */
export async function ensureManagementCluster(
  context: Context,
  nodeImage: string,
): Promise<'created' | 'started' | 'running'> {
  const { shell, checkout } = context;
  const state = await containerState(context, managementNode(checkout));
  // Written last; a node without it is what an interrupted run left.
  const whole = existsSync(addressFile(checkout));
  if (state === 'running' && whole) {
    await waitForApiServer(shell, checkout);
    return 'running';
  }
  if (state === 'stopped' && whole) {
    shell.progress('starting the stopped node');
    const started = new Date();
    await startNode(context);
    await waitForApiServer(shell, checkout);
    shell.progress('waiting for its pods');
    await waitForPodsSince(await openKubectl(shell, managementKubeconfig(checkout)), started);
    return 'started';
  }
  if (state !== 'absent') {
    shell.progress('removing what an interrupted run left');
    await deleteManagementCluster(context);
  }
  await rm(addressFile(checkout), { force: true });
  await refuseWhatIsBusy(shell, checkout);
  await createNetwork(context);
  await createCluster(context, nodeImage);
  await waitForApiServer(shell, checkout);
  await writeFile(addressFile(checkout), await containerAddress(context, managementNode(checkout)));
  return 'created';
}

export async function deleteManagementCluster(context: Context): Promise<void> {
  const { shell, checkout, engine } = context;
  const { kind } = await ensureBinaries(['kind'], shell.progress);
  const kubeconfig = managementKubeconfig(checkout);
  await shell.run(kind, ['delete', 'cluster', '--name', checkout.cluster, '--kubeconfig', kubeconfig], {
    env: engine.environment,
  });
  await rm(kubeconfig, { force: true });
  await rm(addressFile(checkout), { force: true });
}

/** Ends everything on the node at once, as a power cut does, and starts it again; waits for nothing. */
export async function cutPower(context: Context): Promise<void> {
  await engineRun(context, ['kill', managementNode(context.checkout)]);
  await startNode(context);
}

async function startNode(context: Context): Promise<void> {
  await keepAddress(context);
  await engineRun(context, ['start', managementNode(context.checkout)]);
}

async function createCluster(context: Context, nodeImage: string): Promise<void> {
  const { shell, checkout, engine } = context;
  const { kind } = await ensureBinaries(['kind'], shell.progress);
  const config = path.join(checkout.stateDirectory, 'kind.yaml');
  await writeFile(config, renderKindConfig(checkout, engine.road));
  shell.progress('kind creates the cluster, about half a minute');
  const name = ['--name', checkout.cluster];
  const args = ['create', 'cluster', ...name, '--config', config, '--image', nodeImage, '--retain'];
  try {
    await shell.run(kind, [...args, '--kubeconfig', managementKubeconfig(checkout)], {
      env: engine.environment,
    });
  } catch (error) {
    const logs = path.join(checkout.stateDirectory, 'logs', 'kind');
    await shell.probe(kind, ['export', 'logs', logs, ...name], { env: engine.environment });
    shell.note(`the node's own logs are in ${logs}`);
    await deleteManagementCluster(context);
    throw error;
  }
}

/** The address it had before: tenants are published on it. Left alone, the engine would give it the next free one. */
async function keepAddress(context: Context): Promise<void> {
  const node = managementNode(context.checkout);
  const address = (await readFile(addressFile(context.checkout), 'utf8')).trim();
  await engineRun(context, ['network', 'disconnect', context.engine.network, node]);
  await engineRun(context, ['network', 'connect', '--ip', address, context.engine.network, node]);
}

function addressFile(checkout: Checkout): string {
  return path.join(checkout.stateDirectory, 'node-address');
}

async function createNetwork(context: Context): Promise<void> {
  const { checkout, engine } = context;
  if (engine.road === 'podman') return await createPodmanNetwork(checkout);
  const exists = await engineProbe(context, ['network', 'inspect', checkout.network]);
  if (exists.status === 0) return;
  const { cidr, gateway } = checkout.subnet;
  const bridge = ['--opt', `com.docker.network.bridge.name=${checkout.network}`];
  const addresses = ['--subnet', cidr, '--gateway', gateway];
  await engineRun(context, ['network', 'create', ...addresses, ...bridge, checkout.network]);
}

async function waitForApiServer(shell: Shell, checkout: Checkout): Promise<void> {
  const kubectl = await openKubectl(shell, managementKubeconfig(checkout));
  await until('reach the management API server', 90, async () => {
    const result = await kubectl.probe(['get', '--raw', '/readyz', '--request-timeout=5s']);
    return result.status === 0 ? { value: undefined } : result.stderr.trim();
  });
  await kubectl.run(['wait', '--for=condition=Ready', 'node', '--all', '--timeout=90s']);
}
