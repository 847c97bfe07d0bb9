import { mkdir, rm, symlink } from 'node:fs/promises';
import path from 'node:path';
import { ensureBinaries } from '../toolchain/binaries.ts';
import type { Checkout } from './checkout.ts';
import type { Shell } from './shell.ts';

/** Programs at the versions of the environment, in `.marina/bin/`, for people. */
export async function linkBinaries(shell: Shell, checkout: Checkout): Promise<void> {
  const directory = path.join(checkout.stateDirectory, 'bin');
  await mkdir(directory, { recursive: true });
  for (const [name, target] of Object.entries(
    await ensureBinaries(['kubectl', 'kubeadm', 'etcdctl', 'kind'], shell.progress),
  )) {
    const link = path.join(directory, name);
    await rm(link, { force: true });
    await symlink(target, link);
  }
}
