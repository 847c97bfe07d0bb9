import { Command, InvalidArgumentError, Option } from 'commander';
import { type StoreChoice, storeChoices } from '../local/datastores.ts';
import { sampleTenant } from '../local/tenant.ts';
import { crowd } from './crowd.ts';
import { idle } from './idle.ts';
import { measure, measureAlone } from './measure.ts';
import { provision } from './provision.ts';
import { reboot } from './reboot.ts';
import { rest } from './rest.ts';
import { restore } from './restore.ts';
import { stores } from './stores.ts';

const program = new Command('npm run bench --')
  .description('Measures the running local environment (npm run up). JSON goes to .marina/bench/.')
  .addHelpText(
    'after',
    `
Examples:
  npm run bench -- provision --count 1,10
  npm run bench -- provision --count 1 --rounds 5
  npm run bench -- crowd --count 25
  npm run bench -- idle --count 50 --minutes 10
  npm run bench -- reboot --count 10
  npm run bench -- restore --objects 10000
  npm run bench -- stores --rounds 3
  npm run bench -- rest --soak 10

crowd, idle, reboot, restore and stores end with status 1 when a demand is not met.`,
  );

program
  .command('provision')
  .description('from apply to Ready, and what a control plane costs')
  .option('--count <n,...>', 'control planes born at once, one measurement each', parseCounts, [1, 10])
  .option('--rounds <n>', 'repetitions of each measurement', parseCount, 3)
  .action((options: { readonly count: readonly number[]; readonly rounds: number }) =>
    measure('provision', ({ client }) => provision(client, options.count, options.rounds)),
  );

program
  .command('crowd')
  .description('many births at once beside a tenant in use: how long, and what its users notice')
  .option('--count <n>', 'control planes born at once', parseCount, 25)
  .option('--within <seconds>', 'in which all have to be Ready', parseNumber, 180)
  .action((options: { readonly count: number; readonly within: number }) =>
    measure('crowd', ({ client }) => crowd(client, { ...options, neighbour: sampleTenant })),
  );

program
  .command('idle')
  .description('what Marina does while a fleet needs nothing')
  .option('--count <n>', 'control planes', parseCount, 50)
  .option('--minutes <n>', 'duration of the measurement', parseNumber, 10)
  .option('--settle <seconds>', 'rest before it', parseNumber, 60)
  .option(
    '--resync <seconds>',
    'MARINA_RESYNC_SECONDS meanwhile; the default is that of Marina',
    parseNumber,
    300,
  )
  .action(
    (options: {
      readonly count: number;
      readonly minutes: number;
      readonly settle: number;
      readonly resync: number;
    }) => measure('idle', ({ client }) => idle(client, options)),
  );

program
  .command('reboot')
  .description('a power cut of the management node: how long until all tenants are back')
  .option('--count <n>', 'control planes, besides what is there', parseCount, 10)
  .option('--within <seconds>', 'in which all have to be Ready again', parseNumber, 180)
  .action((options: { readonly count: number; readonly within: number }) =>
    measure('reboot', ({ client, environment }) =>
      reboot(client, { ...options, cutPower: () => environment.cutPower() }),
    ),
  );

program
  .command('restore')
  .description(
    'a tenant saved, deleted and brought back beside one in use: how long, and what its users notice',
  )
  .option('--objects <n>', 'ConfigMaps of a KiB in it', parseNumber, 10_000)
  .option('--within <seconds>', 'for all three together', parseNumber, 60)
  .option(
    '--disturbance <percent>',
    "by which the neighbour's write p99 may be worse meanwhile",
    parseNumber,
    20,
  )
  .action((options: { readonly objects: number; readonly within: number; readonly disturbance: number }) =>
    measure('restore', ({ client }) => restore(client, { ...options, neighbour: sampleTenant })),
  );

program
  .command('stores')
  .description(
    'what stores of each kind give a tenant and take for it, and what its neighbours take from it (needs npm run up -- --datastore both)',
  )
  .addOption(
    new Option('--datastore <kind>', 'kinds of stores').choices(Object.keys(storeChoices)).default('both'),
  )
  .option('--seconds <n>', 'duration of each load', parseNumber, 5)
  .option('--quiet-seconds <n>', 'duration of each watch over the quiet tenants', parseNumber, 30)
  .option('--rounds <n>', 'of all loads, and of all watches', parseCount, 3)
  .action(
    (options: {
      readonly datastore: StoreChoice;
      readonly seconds: number;
      readonly quietSeconds: number;
      readonly rounds: number;
    }) =>
      measure('stores', ({ client, signal }) =>
        stores(client, { ...options, kinds: storeChoices[options.datastore] }, signal),
      ),
  );

program
  .command('rest')
  .description(
    'REST beside the API server that it stands before; starts all that it needs, and needs no environment',
  )
  .option('--per-second <n>', 'requests, whether or not those before are answered', parseNumber, 200)
  .option('--seconds <n>', 'duration of each load, of which there are two a round', parseNumber, 15)
  .option('--rounds <n>', 'of both', parseCount, 4)
  .option('--soak <minutes>', 'and then REST alone for so long, for its memory', parseNumber)
  .option('--profile <directory>', 'where a CPU profile of the REST process is left')
  .action(
    (options: {
      readonly perSecond: number;
      readonly seconds: number;
      readonly rounds: number;
      readonly soak?: number;
      readonly profile?: string;
    }) => measureAlone('rest', (signal) => rest({ soak: 0, ...options }, signal)),
  );

await program.parseAsync();

function parseCounts(text: string): readonly number[] {
  return text.split(',').map(parseCount);
}

function parseCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > 100)
    throw new InvalidArgumentError('whole numbers from 1 to 100');
  return count;
}

function parseNumber(text: string): number {
  const number = Number(text);
  if (!(number > 0)) throw new InvalidArgumentError('a number above 0');
  return number;
}
