import { ensureImages } from '../toolchain/images.ts';
import type { Context } from './context.ts';
import { checkoutLabel } from './checkout.ts';
import type { Checkout } from './checkout.ts';
import { podNetworkDirectory, renderPodNetwork } from './cni.ts';
import { containerState, engineProbe, engineRun, execute, listContainers } from './engine.ts';
import { loadImages } from './images.ts';
import { waitForCondition } from './kubectl.ts';
import type { Kubectl } from './kubectl.ts';
import { managementNode } from './management-cluster.ts';
import { until } from './wait.ts';

/**
 * The one thing that `kubeadm join` refuses in a container: its SystemVerification wants the kernel's configuration file and, on a
 * machine that has cgroup v1, refuses whatever the kubelet's `failCgroupV1` says.
 */
const ignoredPreflightErrors = 'SystemVerification';

/** Settings of a container that systemd, containerd and a kubelet run in; the same that kind gives its nodes. */
const nodeArguments = [
  ...['--privileged', '--cgroupns=private', '--tty'],
  ...['--security-opt', 'seccomp=unconfined', '--security-opt', 'apparmor=unconfined'],
  ...['--tmpfs', '/tmp', '--tmpfs', '/run', '--volume', '/var', '--volume', '/lib/modules:/lib/modules:ro'],
];

export function workerContainer(checkout: Checkout, worker: string): string {
  return `${checkout.cluster}-${worker}`;
}

/**
 * Boots a machine of a tenant: a container of the management node's image, beside the management cluster and no part of it.
 * One that is there already is started if need be.
 * @param worker host name, and name of its Node
 */
export async function startWorker(
  context: Context,
  worker: string,
): Promise<'created' | 'started' | 'running'> {
  const { shell, checkout, engine } = context;
  const container = workerContainer(checkout, worker);
  const state = await containerState(context, container);
  if (state === 'running') return 'running';
  if (state === 'stopped') {
    await engineRun(context, ['start', container]);
    await waitForBoot(context, container);
    return 'started';
  }
  const format = ['container', 'inspect', '--format', '{{.Config.Image}}', managementNode(checkout)];
  const image = (await engineRun(context, format)).trim();
  shell.progress(`booting ${worker}`);
  await engineRun(context, [
    'run',
    '--detach',
    ...['--name', container, '--hostname', worker, '--network', engine.network],
    ...['--label', `${checkoutLabel}=${checkout.id}`, '--label', 'marina.dev/role=worker'],
    ...['--env', `container=${engine.program}`],
    ...nodeArguments,
    image,
  ]);
  await waitForBoot(context, container);
  if (engine.road === 'docker') {
    // The official node image knows nothing of the images that ours has on board.
    await loadImages(
      context,
      container,
      await ensureImages(['kube-proxy', 'coredns', 'pause'], shell.progress),
    );
  }
  // The pod network of a worker follows from the CIDR that its cluster gives it.
  await execute(context, container, ['find', podNetworkDirectory, '-type', 'f', '-delete']);
  return 'created';
}

/**
 * Runs a tenant's `kubeadm join` line on a worker, gives it a pod network and waits until its Node is Ready.
 * @param joinLine as `npm run join` prints it
 */
export async function joinWorker(
  context: Context,
  worker: string,
  joinLine: string,
  tenant: Kubectl,
): Promise<void> {
  const { shell, checkout } = context;
  const container = workerContainer(checkout, worker);
  shell.progress(`${worker}: kubeadm join`);
  await execute(context, container, [
    ...joinLine.trim().split(/\s+/),
    `--ignore-preflight-errors=${ignoredPreflightErrors}`,
  ]);
  const podCidr = await until(`give ${worker} a pod CIDR`, 60, async () => {
    const node = await tenant.get(['node', worker]);
    const cidr = node?.spec?.['podCIDR'];
    return typeof cidr === 'string' ? { value: cidr } : 'its Node has no podCIDR';
  });
  const file = `${podNetworkDirectory}/10-marina.conflist`;
  await execute(context, container, ['tee', file], { input: renderPodNetwork(podCidr) });
  await routeBetweenWorkers(context, tenant);
  await waitForCondition(tenant, [`node/${worker}`], 'Ready', 90);
}

/** Lets the pods of a tenant's workers reach one another: each machine learns where the pod CIDRs of the others are. */
async function routeBetweenWorkers(context: Context, tenant: Kubectl): Promise<void> {
  const { checkout } = context;
  const format = `jsonpath={range .items[*]}{.metadata.name} {.spec.podCIDR} {.status.addresses[?(@.type=="InternalIP")].address}{"\\n"}{end}`;
  const lines = (await tenant.run(['get', 'nodes', '--output', format])).trim().split('\n');
  const nodes = lines.map((line) => line.split(' '));
  const here = await listContainers(context);
  for (const [name = ''] of nodes) {
    if (!here.includes(workerContainer(checkout, name))) continue;
    for (const [other, podCidr = '', address = ''] of nodes) {
      if (other === name || !podCidr || !address) continue;
      const route = ['ip', 'route', 'replace', podCidr, 'via', address];
      await execute(context, workerContainer(checkout, name), route);
    }
  }
}

/**
 * A worker that is a Ready Node of the tenant: the one that is there, or a new one in its place.
 * @param createJoinLine called only when there is something to join
 */
export async function ensureWorker(
  context: Context,
  worker: string,
  tenant: Kubectl,
  createJoinLine: () => Promise<string>,
): Promise<void> {
  const { shell, checkout } = context;
  const state = await containerState(context, workerContainer(checkout, worker));
  if (state !== 'absent' && (await tenant.get(['node', worker]))) {
    await startWorker(context, worker);
    const ready = await tenant.probe(['wait', '--for=condition=Ready', '--timeout=45s', `node/${worker}`]);
    if (ready.status === 0) return await routeBetweenWorkers(context, tenant);
  }
  if (state !== 'absent') {
    // A machine knows one cluster only; that of before is not this one, or it did not get in.
    shell.progress(`${worker} is no Ready Node of this tenant: making it anew`);
    await removeWorker(context, worker);
  }
  await tenant.run(['delete', 'node', worker, '--ignore-not-found']);
  await startWorker(context, worker);
  await joinWorker(context, worker, await createJoinLine(), tenant);
}

/** Removes the machine, not its Node: that is the tenant's to delete. Quiet when there is none. */
export async function removeWorker(context: Context, worker: string): Promise<void> {
  const { checkout } = context;
  await engineProbe(context, [
    'rm',
    '--force',
    '--volumes',
    '--time',
    '0',
    workerContainer(checkout, worker),
  ]);
}

async function waitForBoot(context: Context, container: string): Promise<void> {
  await until(`boot ${container}`, 60, async () => {
    const result = await engineProbe(context, [
      'exec',
      container,
      'systemctl',
      'is-active',
      'multi-user.target',
    ]);
    return result.stdout.trim() === 'active'
      ? { value: undefined }
      : result.stdout.trim() || result.stderr.trim();
  });
}
