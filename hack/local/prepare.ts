import { ensureHostPackages } from '../toolchain/host-packages.ts';
import { ensureNodeImage } from '../toolchain/node-image.ts';
import type { Checkout } from './checkout.ts';
import { openEngine } from './engine.ts';
import type { ContainerEngine } from './engine.ts';
import { rememberHost } from './host.ts';
import { configurePodman, podmanPackages } from './podman.ts';
import type { Road } from './road.ts';
import { rememberRoad } from './road-taken.ts';
import type { Shell } from './shell.ts';

/** As the release notes of kind v0.33.0 name it; the nearest to the pinned Kubernetes version that kind has published. */
const officialNodeImage =
  'docker.io/kindest/node:v1.36.4@sha256:099e049362a1526b2db71494e1947aae99bd16290d7c895f2b7ea312e3cbfaed';

export interface Prepared {
  readonly engine: ContainerEngine;
  readonly nodeImage: string;
}

/** Packages, node image and configuration: all that has to be there before the first container starts. */
export async function prepare(shell: Shell, checkout: Checkout, road: Road): Promise<Prepared> {
  const engine = openEngine(checkout, road);
  await rememberRoad(checkout, road);
  if (road === 'docker') return { engine, nodeImage: officialNodeImage };

  await ensureHostPackages(podmanPackages, shell.progress);
  await rememberHost(shell);
  const image = await ensureNodeImage(shell.progress);
  await configurePodman(checkout, image.imageStore);
  return { engine, nodeImage: image.reference };
}
