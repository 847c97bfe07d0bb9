import { existsSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Checkout } from './checkout.ts';
import type { Road } from './road.ts';

/** The road of the environment that is there, if there is one. */
export function roadTaken(checkout: Checkout): Road | undefined {
  const file = roadFile(checkout);
  if (!existsSync(file)) return undefined;
  return readFileSync(file, 'utf8').trim() === 'docker' ? 'docker' : 'podman';
}

export async function rememberRoad(checkout: Checkout, road: Road): Promise<void> {
  await mkdir(checkout.stateDirectory, { recursive: true, mode: 0o700 });
  await writeFile(roadFile(checkout), `${road}\n`);
}

function roadFile(checkout: Checkout): string {
  return path.join(checkout.stateDirectory, 'road');
}
