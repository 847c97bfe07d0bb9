import path from 'node:path';
import { Argument, Command, Option } from 'commander';
import { withLock } from '../toolchain/lock.ts';
import { thisCheckout } from './checkout.ts';
import type { Checkout } from './checkout.ts';
import { linkBinaries } from './bin.ts';
import { containerAddress } from './engine.ts';
import { createJoinLine } from './join-line.ts';
import { managementKubeconfig, managementNode } from './management-cluster.ts';
import { type StoreChoice, storeChoices } from './datastores.ts';
import { parts } from './parts.ts';
import type { Part } from './parts.ts';
import { prepare, type Prepared } from './prepare.ts';
import { chooseRoad, gatherRoadFacts } from './road.ts';
import { roadTaken } from './road-taken.ts';
import { restAuthority, restUrl, restUser } from './rest.ts';
import { endChildrenOnSignal } from './shell.ts';
import { StepFailed, Steps, formatSeconds, terminal } from './steps.ts';
import { sampleTenant, tenantKubeconfig } from './tenant.ts';

const command = new Command('npm run up --')
  .description(
    'Starts a management cluster with Marina, one tenant and one worker, and proves that it works.',
  )
  .addArgument(
    new Argument('[parts...]', 'only these parts; all of them when none is named').choices(
      parts.map(({ key }) => key),
    ),
  )
  .addOption(
    new Option('--datastore <kind>', 'kind of store to have and to put the sample tenant on; both: on etcd')
      .choices(Object.keys(storeChoices))
      .default('etcd'),
  )
  .addHelpText(
    'after',
    `
Parts:
${parts.map(({ key, description }) => `  ${key.padEnd(10)} ${description}`).join('\n')}

Examples:
  npm run up                     everything; again: only what changed
  npm run up -- cluster          the management cluster alone
  npm run up -- marina           after a change of code: new image, manifests, rollout
  npm run up -- worker verify    join the worker again and prove it
  npm run up -- --datastore postgres   everything, the tenant on Postgres

Environment:
  MARINA_SUBNET                  /24 of the node network when the one of this checkout is taken, e.g. 10.199.7.0/24
  MARINA_MANAGEMENT_PORT         port of the management API server on 127.0.0.1 when that of this checkout is taken
  MARINA_BINARIES                directory with programs to use instead of building them
`,
  )
  .parse();

endChildrenOnSignal();
const checkout = thisCheckout();
const stores = storeChoices[command.opts<{ readonly datastore: StoreChoice }>().datastore];
process.exitCode = await main(checkout, choose(command.args));

function choose(names: readonly string[]): readonly Part[] {
  return names.length === 0 ? parts : parts.filter(({ key }) => names.includes(key));
}

async function main(checkout: Checkout, chosen: readonly Part[]): Promise<number> {
  const steps = new Steps(path.join(checkout.stateDirectory, 'logs'));
  const lock = path.join(checkout.stateDirectory, 'lock');
  try {
    await withLock(lock, 'local environment', terminal.print, () => bringUp(checkout, steps, chosen));
    return 0;
  } catch (error) {
    if (error instanceof StepFailed) return 1;
    throw error;
  }
}

async function bringUp(checkout: Checkout, steps: Steps, chosen: readonly Part[]): Promise<void> {
  const road = chooseRoad(await gatherRoadFacts(roadTaken(checkout)));
  const prepared = await steps.run(
    { key: 'prepare', title: 'Packages, programs and images' },
    async (shell) => {
      shell.progress(
        road === 'docker' ? 'by Docker and kind’s node image' : 'by podman and a node image made here',
      );
      const prepared = await prepare(shell, checkout, road);
      await linkBinaries(shell, checkout);
      return prepared;
    },
  );
  for (const part of chosen)
    await steps.run(part, (shell) => part.run({ shell, checkout, ...prepared, stores }));
  const everything = chosen.length === parts.length;
  const joinLine = everything ? await makeJoinLine(checkout, steps) : undefined;
  terminal.print('');
  for (const { title, milliseconds } of steps.times)
    terminal.print(`  ${title.padEnd(32)} ${formatSeconds(milliseconds)}`);
  terminal.print(`  ${'together'.padEnd(32)} ${formatSeconds(steps.elapsed)}`);
  if (joinLine) printGuide(checkout, { joinLine, restUrl: await findRest(checkout, prepared, steps) });
}

async function makeJoinLine(checkout: Checkout, steps: Steps): Promise<string> {
  return await steps.run({ key: 'join-line', title: 'Join line' }, (shell) =>
    createJoinLine(shell, checkout, sampleTenant.name),
  );
}

async function findRest(checkout: Checkout, { engine }: Prepared, steps: Steps): Promise<string> {
  return await steps.run({ key: 'rest', title: 'REST API' }, async (shell) =>
    restUrl(await containerAddress({ shell, checkout, engine }, managementNode(checkout))),
  );
}

function printGuide(
  checkout: Checkout,
  { joinLine, restUrl: rest }: { readonly joinLine: string; readonly restUrl: string },
): void {
  const relative = (file: string): string => path.relative(process.cwd(), file) || file;
  const kubectl = relative(path.join(checkout.stateDirectory, 'bin', 'kubectl'));
  const management = relative(managementKubeconfig(checkout));
  const tenant = relative(tenantKubeconfig(checkout, sampleTenant.name));
  const token = `create token ${restUser.name} --namespace ${restUser.namespace} --audience marina.dev`;
  terminal.print(`
The management cluster:  ${management}
The tenant's cluster:    ${tenant}
The REST API:            ${rest}/v1

Join another machine to the tenant (the token lasts a day):
  ${joinLine}

Go on:
  ${kubectl} --kubeconfig ${management} get tenantcontrolplanes -A
  ${kubectl} --kubeconfig ${tenant} get nodes,pods -A
  TOKEN=$(${kubectl} --kubeconfig ${management} ${token})
  curl --cacert ${relative(restAuthority(checkout))} -H "Authorization: Bearer $TOKEN" ${rest}/v1/controlplanes
  npm run join -- --worker         boot and join one more worker
  npm run join                     print the join line
  npm run bench -- provision --count 1,10
  npm run down                     take it all away`);
}
