import { existsSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Checkout } from './checkout.ts';
import {
  podmanFiles,
  readImageStores,
  renderContainersConf,
  renderNetwork,
  renderStorageConf,
} from './podman-config.ts';

/** Debian packages that podman needs to run nodes; without aardvark-dns one node cannot resolve the name of another. */
export const podmanPackages = [
  ...[
    'podman',
    'runc',
    'netavark',
    'aardvark-dns',
    'conmon',
    'iptables',
    'nftables',
    'iproute2',
    'util-linux',
  ],
] as const;

/** Writes the checkout's podman configuration. Containers that run on the layers of an earlier image store keep it. */
export async function configurePodman(checkout: Checkout, imageStore: string): Promise<void> {
  const files = podmanFiles(checkout);
  await mkdir(files.networkDirectory, { recursive: true, mode: 0o700 });
  await mkdir(checkout.runDirectory, { recursive: true, mode: 0o700 });
  await writeFile(files.containersConf, renderContainersConf(checkout));
  const earlier = existsSync(files.storageConf)
    ? readImageStores(readFileSync(files.storageConf, 'utf8'))
    : [];
  const stores = new Set([imageStore, ...earlier.filter((store) => existsSync(store))]);
  await writeFile(files.storageConf, renderStorageConf(checkout, [...stores]));
}

export async function createPodmanNetwork(checkout: Checkout): Promise<void> {
  const { networkDirectory } = podmanFiles(checkout);
  await writeFile(path.join(networkDirectory, `${checkout.network}.json`), renderNetwork(checkout));
}

export function isPodmanConfigured(checkout: Checkout): boolean {
  const files = podmanFiles(checkout);
  return existsSync(files.containersConf) && existsSync(files.storageConf);
}
