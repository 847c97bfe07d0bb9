import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { Command } from 'commander';
import { cacheDirectory } from '../toolchain/cache.ts';
import { withLock } from '../toolchain/lock.ts';
import { thisCheckout } from './checkout.ts';
import type { Checkout } from './checkout.ts';
import { LocalError } from './errors.ts';
import type { Shell } from './shell.ts';
import { isPodmanInUse, otherCheckouts, restoreHost, sharedLeftovers } from './host.ts';
import { findLeftovers } from './leftovers.ts';
import { clearState, removeContainers } from './remove.ts';
import { StepFailed, Steps, formatSeconds, terminal } from './steps.ts';

interface DownOptions {
  readonly keepState: boolean;
  readonly purge: boolean;
}

const command = new Command('npm run down --')
  .description(
    'Takes the local environment of this checkout away and checks that nothing of it is left on the machine.',
  )
  .option('--keep-state', 'keep kubeconfigs and certificates in .marina/', false)
  .option(
    '--purge',
    'also empty .marina/ and the cache of binaries and images that all checkouts share',
    false,
  )
  .addHelpText(
    'after',
    `
Examples:
  npm run down                   containers, networks, mounts, cgroups, firewall rules and .marina/ but its logs
  npm run down -- --keep-state   the same, kubeconfigs and certificates stay
  npm run down -- --purge        the same, .marina/ and ${cacheDirectory()} are emptied too`,
  )
  .parse();

const checkout = thisCheckout();
process.exitCode = await main(checkout, command.opts<DownOptions>());

async function main(checkout: Checkout, options: DownOptions): Promise<number> {
  const steps = new Steps(path.join(checkout.stateDirectory, 'logs'));
  const lock = path.join(checkout.stateDirectory, 'lock');
  try {
    await withLock(lock, 'local environment', terminal.print, () => takeDown(checkout, steps, options));
    if (options.purge) await rm(checkout.stateDirectory, { recursive: true, force: true });
    terminal.print(`\nNothing is left. ${formatSeconds(steps.elapsed)}`);
    return 0;
  } catch (error) {
    if (error instanceof StepFailed) return 1;
    throw error;
  }
}

async function takeDown(checkout: Checkout, steps: Steps, options: DownOptions): Promise<void> {
  const traces = await steps.run({ key: 'down', title: 'Containers and network' }, (shell) =>
    removeContainers(shell, checkout),
  );
  const restored = await steps.run({ key: 'down-host', title: 'What podman left on the machine' }, (shell) =>
    restoreUnlessShared(shell, checkout),
  );
  await steps.run({ key: 'down-state', title: 'State folder' }, () =>
    clearState(checkout, options.keepState ? 'kubeconfigs and certificates' : 'nothing'),
  );
  if (options.purge) {
    await steps.run({ key: 'down-cache', title: 'Cache' }, async () => {
      const others = otherCheckouts(checkout);
      if (others.length > 0) {
        throw new LocalError({
          code: 'Busy',
          operation: `empty ${cacheDirectory()}`,
          message: `its node image is in use by other checkouts that are up: ${others.join(', ')}`,
          remedy: 'run `npm run down` there first',
        });
      }
      await rm(cacheDirectory(), { recursive: true, force: true });
    });
  }
  await steps.run({ key: 'down-check', title: 'Check that nothing is left' }, async (shell) => {
    const left = [...(await findLeftovers(shell, checkout, traces))];
    if (restored) left.push(...(await sharedLeftovers(shell)));
    if (options.purge && existsSync(cacheDirectory())) left.push(`directory ${cacheDirectory()}`);
    if (left.length === 0) return;
    throw new LocalError({
      code: 'LeftBehind',
      operation: 'take everything away',
      message: left.join('\n'),
      remedy: 'run `npm run down` again; what stays then has to go by hand',
    });
  });
}

/** Says whether the machine is as it was; not while others need what podman shares among all of its users. */
async function restoreUnlessShared(shell: Shell, checkout: Checkout): Promise<boolean> {
  const others = otherCheckouts(checkout);
  if (others.length > 0) {
    shell.progress(`stays for the other checkouts that are up: ${others.join(', ')}`);
    return false;
  }
  if (await isPodmanInUse(shell)) {
    shell.progress('stays for other containers of podman on this machine');
    return false;
  }
  return await restoreHost(shell);
}
