import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { thisCheckout } from '../local/checkout.ts';
import { openEngine } from '../local/engine.ts';
import { managementKubeconfig } from '../local/management-cluster.ts';
import { roadTaken } from '../local/road-taken.ts';
import { ensureBinaries } from '../toolchain/binaries.ts';
import { probe } from '../toolchain/command.ts';
import type { Environment } from './in-environment.ts';
import { runNode } from './run-node.ts';

const tailLines = 60;

/** The environment of `npm run up`. What is to be ended early is aborted by the signal; taking it down is not. */
export function localEnvironment(signal: AbortSignal): Environment {
  return {
    state: environmentState,
    up: async () => (await runNode(['hack/local/up.ts', '--datastore', 'both'], signal)) === 0,
    down: async () => (await runNode(['hack/local/down.ts'])) === 0,
    collectLogs,
  };
}

async function environmentState(): Promise<'up' | 'stopped' | 'absent'> {
  if (roadTaken(thisCheckout()) === undefined) return 'absent';
  const ready = await kubectl(['get', '--raw', '/readyz', '--request-timeout=5s']);
  return ready.status === 0 ? 'up' : 'stopped';
}

/** What is read of the management cluster, each into a file of that name. No Secrets. */
const questions: Readonly<Record<string, readonly string[]>> = {
  'pods.txt': ['get', 'pods', '--all-namespaces', '--output=wide'],
  'pods.yaml': ['get', 'pods', '--all-namespaces', '--output=yaml'],
  'tenants.yaml': ['get', 'tenantcontrolplanes,datastores', '--all-namespaces', '--output=yaml'],
  'tenant-pods.log': [
    'logs',
    '--namespace=marina-tenants',
    '--selector=app.kubernetes.io/managed-by=marina',
    '--all-containers',
    '--prefix',
    '--tail=500',
  ],
  'events.txt': ['get', 'events', '--all-namespaces', '--sort-by=.lastTimestamp'],
  'marina.log': ['logs', '--namespace=marina-system', 'deployment/marina', '--tail=2000'],
};

/** Beside the logs of `npm run up`, which `npm run down` leaves in place; the ends of what tells most are printed. */
async function collectLogs(): Promise<void> {
  const checkout = thisCheckout();
  if (!existsSync(managementKubeconfig(checkout))) return; // `npm run up` itself has said what failed, and where its log is
  const time = new Date().toISOString().replaceAll(/[:.]/g, '-');
  const directory = path.join(checkout.stateDirectory, 'logs', `test-${time}`);
  await mkdir(directory, { recursive: true });
  console.log(`Logs go to ${directory}`);
  for (const [file, args] of Object.entries(questions)) {
    const { stdout, stderr } = await kubectl(args);
    const text = `${stdout}${stderr}`;
    await writeFile(path.join(directory, file), text);
    if (!file.endsWith('.yaml'))
      console.log(`--- ${file}\n${text.trimEnd().split('\n').slice(-tailLines).join('\n')}`);
  }
  await exportNodeLogs(path.join(directory, 'nodes'));
}

/** kubelet, container runtime and all containers, as the nodes keep them. */
async function exportNodeLogs(directory: string): Promise<void> {
  const checkout = thisCheckout();
  const road = roadTaken(checkout);
  if (road === undefined) return;
  const { kind } = await ensureBinaries(['kind']);
  const env = { ...process.env, ...openEngine(checkout, road).environment };
  await probe(kind, ['export', 'logs', directory, '--name', checkout.cluster], { env });
}

async function kubectl(args: readonly string[]): ReturnType<typeof probe> {
  const { kubectl } = await ensureBinaries(['kubectl']);
  return await probe(kubectl, ['--kubeconfig', managementKubeconfig(thisCheckout()), ...args]);
}
