import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { ensureBinaries } from './binaries.ts';
import { ensureCached, fileIdentity, hashInputs, logFile } from './cache.ts';
import { runLogged } from './command.ts';
import { debianRootKey, ensureDebianRoot } from './debian-root.ts';
import { moduleDirectory } from './go.ts';
import { ensureHostPackages } from './host-packages.ts';
import { preloadImages } from './image-preload.ts';
import { ensureImages } from './images.ts';
import { makeNodeRoot, nodeBinaries, nodeFiles } from './node-root.ts';
import { progressToStderr } from './progress.ts';
import type { Progress } from './progress.ts';
import { kubernetesVersion } from './versions.ts';

export type NodeImage = {
  readonly reference: string;
  /** Read-only podman storage (`additionalimagestores` of a storage.conf, driver overlay) that holds the image. */
  readonly imageStore: string;
};

/** kind mounts it into every node, and a machine whose kernel has no modules may not have it. */
const hostModules = '/lib/modules';

const podmanPackages = ['podman', 'runc', 'netavark', 'aardvark-dns'] as const;

/**
 * The image of a kind node for podman, with all of Marina's images loaded; a tenant's worker is one more container of it.
 * Made from Debian packages, kind's own base files and the pinned programs; about two minutes when those are there.
 */
export async function ensureNodeImage(progress: Progress = progressToStderr): Promise<NodeImage> {
  await mkdir(hostModules, { recursive: true });
  const names = Object.keys(nodeBinaries) as (keyof typeof nodeBinaries)[];
  const binaries = await ensureBinaries(names, progress);
  const images = await ensureImages(undefined, progress);
  const archives = images.map((image) => image.path);
  const hash = await nodeImageHash([...Object.values(binaries), ...archives]);
  const reference = `localhost/marina-node:${kubernetesVersion}-${hash}`;

  const entry = { key: `node-image/${hash}`, what: 'node image' };
  const directory = await ensureCached(entry, progress, async (target) => {
    await ensureHostPackages(podmanPackages, progress);
    const debianRoot = await ensureDebianRoot(progress);
    progress('making the node image: file system');
    const root = path.join(target, 'root');
    await runLogged('cp', ['--archive', debianRoot, root], logFile('node-image'));
    await makeNodeRoot(root, binaries);
    progress(`making the node image: loading ${archives.length} images`);
    await preloadImages(path.join(root, 'var/lib/containerd'), archives, binaries);
    progress('making the node image: importing it into a podman image store');
    await importImage(root, path.join(target, 'store'), reference);
    await rm(root, { recursive: true });
  });
  return { reference, imageStore: path.join(directory, 'store') };
}

async function nodeImageHash(parts: readonly string[]): Promise<string> {
  const own = ['node-image.ts', 'node-root.ts', 'image-preload.ts'].map((name) =>
    path.join(import.meta.dirname, name),
  );
  const shipped = (await readdir(nodeFiles)).sort().map((name) => path.join(nodeFiles, name));
  const pinned = path.join(moduleDirectory('kind'), 'go.sum');
  return hashInputs([
    debianRootKey(),
    ...(await Promise.all(parts.map(fileIdentity))),
    ...(await Promise.all([...own, ...shipped, pinned].map((file) => readFile(file)))),
  ]);
}

async function importImage(root: string, store: string, reference: string): Promise<void> {
  const temporary = await mkdtemp(path.join(os.tmpdir(), 'marina-import-'));
  const archive = `${store}.tar`;
  const hadBlobCache = existsSync(blobCache);
  try {
    await mkdir(store);
    const attributes = ['--xattrs', '--xattrs-include=*'];
    const log = logFile('node-image');
    await runLogged(
      'tar',
      ['--create', ...attributes, '--numeric-owner', '--file', archive, '--directory', root, '.'],
      log,
    );
    const storage = [
      '--root',
      store,
      '--runroot',
      temporary,
      '--storage-driver',
      'overlay',
      '--events-backend',
      'none',
    ];
    const changes = [
      'ENTRYPOINT ["/usr/local/bin/entrypoint", "/sbin/init"]',
      'STOPSIGNAL SIGRTMIN+3',
      'ENV container=podman',
    ];
    const args = changes.flatMap((change) => ['--change', change]);
    const containersConf = path.join(temporary, 'containers.conf');
    await writeFile(containersConf, renderImportConf(temporary));
    await runLogged('podman', [...storage, 'import', '--quiet', ...args, archive, reference], log, {
      env: { ...process.env, TMPDIR: path.dirname(store), CONTAINERS_CONF: containersConf },
    });
  } finally {
    await rm(archive, { force: true });
    await rm(temporary, { recursive: true, force: true });
    if (!hadBlobCache) await rm(path.dirname(blobCache), { recursive: true, force: true });
  }
}

/** Where podman notes which layer came from where; it takes no other place for it. */
const blobCache = '/var/lib/containers/cache';

/** containers.conf(5) for one import: everything that podman would leave on the machine goes into the temporary directory. */
function renderImportConf(temporary: string): string {
  const folder = (name: string) => JSON.stringify(path.join(temporary, name));
  return `[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "none"
lock_type = "file"
tmp_dir = ${folder('libpod')}
static_dir = ${folder('static')}
volume_path = ${folder('volumes')}

[network]
network_config_dir = ${folder('networks')}
`;
}
