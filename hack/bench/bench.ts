import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import path from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { connect } from '../../src/kube/kubeconfig.ts';
import { readEnvironment } from '../local/local-environment.ts';
import { provision, type ProvisionResult } from './provision.ts';
import { percentile } from './statistics.ts';

const program = new Command('npm run bench --')
  .description('Measures the running local environment (npm run up). JSON goes to .marina/bench/.')
  .addHelpText(
    'after',
    '\nExamples:\n  npm run bench -- provision --count 1,10\n  npm run bench -- provision --count 1 --rounds 5',
  );

program
  .command('provision')
  .description('from apply to Ready, and what a control plane costs')
  .option('--count <n,...>', 'control planes born at once, one measurement each', parseCounts, [1, 10])
  .option('--rounds <n>', 'repetitions of each measurement', parseCount, 3)
  .action(async ({ count, rounds }: { readonly count: readonly number[]; readonly rounds: number }) => {
    await using environment = await readEnvironment('bench');
    const client = await connect({ kubeconfigFile: environment.managementKubeconfig });
    try {
      const results: ProvisionResult[] = [];
      for (const each of count) {
        for (let round = 1; round <= rounds; round += 1) {
          const result = await provision(client, each);
          results.push(result);
          printRound(result, round, rounds);
        }
      }
      for (const each of count)
        printSummary(
          each,
          results.filter((result) => result.count === each),
        );
      await save(environment.checkout.stateDirectory, results);
    } finally {
      await client.close();
    }
  });

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

function printRound(result: ProvisionResult, round: number, rounds: number): void {
  const steps = Object.entries(result.timeline).map(([step, ms]) => `${step} ${seconds(ms)}`);
  console.log(
    `${result.count} at once, round ${round} of ${rounds}: all Ready after ${seconds(Math.max(...result.readyMs))}`,
  );
  console.log(`  ${steps.join(', ')}`);
}

function printSummary(count: number, results: readonly ProvisionResult[]): void {
  const all = results.flatMap((result) => result.readyMs);
  const whole = results.map((result) => Math.max(...result.readyMs));
  const median = (pick: (result: ProvisionResult) => number) => percentile(results.map(pick), 0.5);
  const rows: readonly (readonly [string, string])[] = [
    ['apply to Ready, p50 / p99', `${seconds(percentile(all, 0.5))} / ${seconds(percentile(all, 0.99))}`],
    ['all of them Ready, p50', seconds(percentile(whole, 0.5))],
    ['machine memory per control plane', mebibytes(median((result) => result.usedBytesPerControlPlane))],
    ['PSS per control plane', mebibytes(median((result) => result.proportionalBytesPerControlPlane))],
    ['manager RSS', mebibytes(median((result) => result.managerResidentBytes))],
    [
      'manager CPU per control plane',
      `${median((result) => result.managerCpuSecondsPerControlPlane).toFixed(2)} s`,
    ],
    ['API requests per control plane', median((result) => result.managerRequestsPerControlPlane).toFixed(0)],
    ['container restarts', String(results.reduce((sum, result) => sum + result.restarts, 0))],
  ];
  console.log(`\n${count} at once (${results.length} rounds)`);
  for (const [name, value] of rows) console.log(`  ${name.padEnd(34)} ${value}`);
}

async function save(stateDirectory: string, results: readonly ProvisionResult[]): Promise<void> {
  const directory = path.join(stateDirectory, 'bench');
  await mkdir(directory, { recursive: true });
  const date = new Date().toISOString();
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  const machine = { cores: cpus().length, memoryBytes: totalmem(), model: cpus()[0]?.model };
  const file = path.join(directory, `provision-${date.replace(/[:.]/g, '-')}.json`);
  await writeFile(file, `${JSON.stringify({ date, commit, machine, results }, undefined, 2)}\n`);
  console.log(`\n${file}`);
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 1024 / 1024)} MiB`;
}
