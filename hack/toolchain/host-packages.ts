import { existsSync } from 'node:fs';
import { logFile } from './cache.ts';
import { probe, runLogged } from './command.ts';
import { ToolchainError } from './errors.ts';
import { progressToStderr } from './progress.ts';
import type { Progress } from './progress.ts';

/**
 * Installs the Debian packages that are missing on this machine; asks nothing of the network when all are there.
 * @throws ToolchainError HostUnsupported where there is no apt or no root; CommandFailed naming apt's log
 */
export async function ensureHostPackages(
  names: readonly string[],
  progress: Progress = progressToStderr,
): Promise<void> {
  if (!existsSync('/usr/bin/dpkg-query')) {
    throw new ToolchainError(
      'HostUnsupported',
      'ensureHostPackages',
      `this machine is no Debian, and Marina installs packages with apt only: please install ${names.join(', ')} yourself`,
    );
  }
  const missing = await missingPackages(names);
  if (missing.length === 0) return;
  if (process.getuid?.() !== 0) {
    throw new ToolchainError(
      'HostUnsupported',
      'ensureHostPackages',
      `only root may install packages: run \`sudo apt-get install ${missing.join(' ')}\` first`,
    );
  }

  progress(`installing Debian packages ${missing.join(' ')}`);
  const log = logFile('apt-get');
  const options = { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } };
  // Another apt-get on the machine is waited for rather than tripped over.
  const flags = ['-o', 'DPkg::Lock::Timeout=120', '-q', '-y'];
  await runLogged('apt-get', ['update', ...flags], log, options).catch((error: unknown) => {
    // One broken third-party source must not stand in the way of Debian's own packages.
    progress(
      `apt-get update complained (see ${log}), going on: ${error instanceof Error ? error.name : 'error'}`,
    );
  });
  await runLogged('apt-get', ['install', ...flags, '--no-install-recommends', ...missing], log, options);
}

async function missingPackages(names: readonly string[]): Promise<readonly string[]> {
  const { stdout } = await probe('dpkg-query', ['-W', '-f', '${Package} ${db:Status-Abbrev}\n', ...names]);
  const installed = new Set<string>();
  for (const line of stdout.split('\n')) {
    const [name = '', state = ''] = line.split(' ');
    if (state.startsWith('ii')) installed.add(name);
  }
  return names.filter((name) => !installed.has(name));
}
