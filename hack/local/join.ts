import { existsSync } from 'node:fs';
import path from 'node:path';
import { Command } from 'commander';
import type { Context } from './context.ts';
import { thisCheckout } from './checkout.ts';
import type { Checkout } from './checkout.ts';
import { listContainers, openEngine } from './engine.ts';
import { createJoinLine } from './join-line.ts';
import { openKubectl } from './kubectl.ts';
import { managementKubeconfig } from './management-cluster.ts';
import { roadTaken } from './road-taken.ts';
import type { Shell } from './shell.ts';
import { endChildrenOnSignal } from './shell.ts';
import { StepFailed, Steps } from './steps.ts';
import { sampleTenant, tenantKubeconfig, waitForTenant } from './tenant.ts';
import { joinWorker, startWorker } from './worker.ts';

interface JoinOptions {
  readonly namespace: string;
  readonly ttl: string;
  readonly worker?: string | true;
}

const command = new Command('npm run join --')
  .description(
    'Prints the one line that joins a machine to a tenant, with a new token; can boot and join a worker as well.',
  )
  .argument('[tenant]', 'name of the TenantControlPlane', sampleTenant.name)
  .option('--namespace <name>', 'namespace of the TenantControlPlane', sampleTenant.namespace)
  .option('--ttl <duration>', 'how long the token lasts; 0 is for ever', '24h')
  .option('--worker [name]', 'also boot a worker container and join it')
  .addHelpText(
    'after',
    `
Only the line goes to standard output, so that it can be handed on.

Examples:
  npm run --silent join                       the line for tenant demo
  npm run join -- demo --worker               one more worker for it
  npm run join -- blue --namespace team-a --ttl 1h`,
  )
  .parse();

endChildrenOnSignal();
const checkout = thisCheckout();
process.exitCode = await main(checkout, String(command.processedArgs[0]), command.opts<JoinOptions>());

async function main(checkout: Checkout, tenant: string, options: JoinOptions): Promise<number> {
  const steps = new Steps(path.join(checkout.stateDirectory, 'logs'), {
    print: (line) => void process.stderr.write(`${line}\n`),
    now: () => performance.now(),
  });
  try {
    const line = await steps.run({ key: 'join-line', title: `Join line of ${tenant}` }, async (shell) => {
      await fetchKubeconfig(shell, checkout, tenant, options.namespace);
      return await createJoinLine(shell, checkout, tenant, { timeToLive: options.ttl });
    });
    process.stdout.write(`${line}\n`);
    if (options.worker) {
      const { worker } = options;
      const engine = openEngine(checkout, roadTaken(checkout) ?? 'podman');
      await steps.run({ key: 'join-worker', title: 'Worker' }, (shell) =>
        addWorker({ shell, checkout, engine }, tenant, line, worker),
      );
    }
    return 0;
  } catch (error) {
    if (error instanceof StepFailed) return 1;
    throw error;
  }
}

async function fetchKubeconfig(
  shell: Shell,
  checkout: Checkout,
  name: string,
  namespace: string,
): Promise<void> {
  if (!existsSync(managementKubeconfig(checkout))) return; // the tenant's kubeconfig may be there all the same
  await waitForTenant(checkout, await openKubectl(shell, managementKubeconfig(checkout)), {
    name,
    namespace,
  });
}

async function addWorker(
  context: Context,
  tenant: string,
  line: string,
  wanted: string | true,
): Promise<void> {
  const { shell, checkout } = context;
  const worker = wanted === true ? await nextWorker(context) : wanted;
  await startWorker(context, worker);
  await joinWorker(context, worker, line, await openKubectl(shell, tenantKubeconfig(checkout, tenant)));
  shell.progress(`${worker} is a Ready Node of ${tenant}`);
}

async function nextWorker(context: Context): Promise<string> {
  const { checkout } = context;
  const taken = await listContainers(context);
  for (let number = 1; ; number++) {
    if (!taken.includes(`${checkout.cluster}-worker-${number}`)) return `worker-${number}`;
  }
}
