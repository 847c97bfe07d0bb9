import { existsSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Context } from './context.ts';
import type { Checkout } from './checkout.ts';
import { engineProbe, engineRun, listContainers, openEngine } from './engine.ts';
import { mountPoints } from './host.ts';
import type { ContainerTraces } from './leftovers.ts';
import { isPodmanConfigured } from './podman.ts';
import { podmanFiles } from './podman-config.ts';
import { roadTaken } from './road-taken.ts';
import type { Shell } from './shell.ts';

/** Stops and removes containers, volumes and network of this checkout; quiet when there is nothing. */
export async function removeContainers(shell: Shell, checkout: Checkout): Promise<ContainerTraces> {
  const engine = openEngine(checkout, roadTaken(checkout) ?? 'podman');
  if (engine.road === 'podman' && !isPodmanConfigured(checkout)) return { ids: [], networkNamespaces: [] };

  const context = { shell, checkout, engine };
  const names = await listContainers(context);
  const traces = await readTraces(context, names);
  if (names.length > 0) {
    shell.progress(`removing ${names.join(', ')}`);
    await engineRun(context, ['rm', '--force', '--volumes', '--time', '0', ...names]);
  }
  if (engine.road === 'docker') {
    await engineProbe(context, ['network', 'rm', checkout.network]);
  } else {
    // Nothing in this storage is anybody else's.
    await engineRun(context, ['rm', '--all', '--force', '--volumes', '--time', '0']);
    await engineRun(context, ['volume', 'prune', '--force']);
    await removePodmanStorage(shell, checkout);
  }
  return traces;
}

/** @param kept what stays of the state folder besides logs and measurements */
export async function clearState(
  checkout: Checkout,
  kept: 'nothing' | 'kubeconfigs and certificates',
): Promise<void> {
  if (!existsSync(checkout.stateDirectory)) return;
  const stays = ['logs', 'bench', 'conformance', 'image', 'lock'];
  if (kept !== 'nothing') stays.push('management.kubeconfig', 'tenants', 'pki', 'bin');
  for (const name of await readdir(checkout.stateDirectory)) {
    if (!stays.includes(name))
      await rm(path.join(checkout.stateDirectory, name), { recursive: true, force: true });
  }
}

async function readTraces(context: Context, names: readonly string[]): Promise<ContainerTraces> {
  const ids: string[] = [];
  const networkNamespaces: string[] = [];
  for (const name of names) {
    const format = '{{.Id}} {{.NetworkSettings.SandboxKey}}';
    const text = await engineRun(context, ['container', 'inspect', '--format', format, name]);
    const [id, namespace] = text.trim().split(' ');
    if (id) ids.push(id);
    if (namespace?.startsWith('/run/netns/')) networkNamespaces.push(namespace);
  }
  return { ids, networkNamespaces };
}

async function removePodmanStorage(shell: Shell, checkout: Checkout): Promise<void> {
  const { graphRoot } = podmanFiles(checkout);
  // podman mounts its storage onto itself; the deepest mount goes first.
  const mounts = mountPoints().filter(
    (mount) => mount.startsWith(graphRoot) || mount.startsWith(checkout.runDirectory),
  );
  for (const mount of mounts.toSorted().reverse()) await shell.run('umount', [mount]);
  await rm(path.dirname(graphRoot), { recursive: true, force: true });
  await rm(checkout.runDirectory, { recursive: true, force: true });
  // A lock file in the state folder needs the folder.
  await mkdir(checkout.stateDirectory, { recursive: true, mode: 0o700 });
}
