import path from 'node:path';
import { ensureImages } from '../toolchain/images.ts';
import type { Context } from './context.ts';
import { loadImages } from './images.ts';
import type { Kubectl } from './kubectl.ts';
import { managementNode } from './management-cluster.ts';

/** CPU and memory of pods, half a minute later: nobody waits for it. */
export async function startMetricsServer(context: Context, kubectl: Kubectl): Promise<void> {
  const { shell, checkout } = context;
  await loadImages(context, managementNode(checkout), await ensureImages(['metrics-server'], shell.progress));
  await kubectl.applyPath('-k', path.join(checkout.root, 'manifests', 'metrics-server'));
}
