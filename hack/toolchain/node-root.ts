import { chmod, copyFile, glob, mkdir, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { run } from './command.ts';
import { ToolchainError } from './errors.ts';
import { moduleSource } from './go.ts';
import { imageReference } from './images.ts';
import { kubernetesVersion } from './versions.ts';

/** Programs of a node and where kind expects them. */
export const nodeBinaries = {
  kubeadm: 'usr/bin',
  kubelet: 'usr/bin',
  kubectl: 'usr/bin',
  containerd: 'usr/local/bin',
  'containerd-shim-runc-v2': 'usr/local/bin',
  ctr: 'usr/local/bin',
  bridge: 'opt/cni/bin',
  'host-local': 'opt/cni/bin',
  loopback: 'opt/cni/bin',
  portmap: 'opt/cni/bin',
  ptp: 'opt/cni/bin',
} as const;

export type NodeBinaries = Readonly<Record<keyof typeof nodeBinaries, string>>;

/** The node's own files that are kept beside this one. */
export const nodeFiles = path.join(import.meta.dirname, 'node');

const podNetwork = 'etc/cni/net.d/10-marina.conflist';

/**
 * Makes a Debian root file system a node as kind's images/base and images/node do it (sigs.k8s.io/kind, images/base/Dockerfile),
 * with the changes that a machine without CAP_SYS_RESOURCE and with cgroup v1 needs. Container images are not put in here.
 */
export async function makeNodeRoot(root: string, binaries: NodeBinaries): Promise<void> {
  await copyKindFiles(root);
  await trimUnits(root);
  for (const [name, directory] of Object.entries(nodeBinaries)) {
    await install(binaries[name as keyof typeof nodeBinaries], path.join(root, directory, name), 0o755);
  }
  await configure(root);
  await run('chroot', [
    root,
    'systemctl',
    'enable',
    'kubelet.service',
    'containerd.service',
    'undo-mount-hacks.service',
  ]);
  // Registers into binfmt_misc, which is the whole machine's.
  await run('chroot', [root, 'systemctl', 'mask', 'systemd-binfmt.service']);
}

async function copyKindFiles(root: string): Promise<void> {
  const source = path.join(await moduleSource('kind', 'sigs.k8s.io/kind'), 'images/base/files');
  for (const folder of ['etc', 'kind', 'usr/local/bin']) {
    await copyTree(path.join(source, folder), path.join(root, folder));
  }
  // Those of the network are set per network namespace, by systemd, from kind's files; Debian's are the machine's business.
  await rm(path.join(root, 'etc/sysctl.conf'), { force: true });
  await rm(path.join(root, 'usr/lib/sysctl.d'), { recursive: true, force: true });
  await rm(path.join(root, 'etc/sysctl.d/99-sysctl.conf'), { force: true });
  const entrypoint = path.join(root, 'usr/local/bin/entrypoint');
  await writeFile(entrypoint, adaptEntrypoint(await readFile(entrypoint, 'utf8')));
}

/** Two changes to kind's entrypoint: what kind takes for a sign of life on cgroup v1 is said no more, and our preparation is called. */
export function adaptEntrypoint(text: string): string {
  // kind goes on as soon as it reads this in the log, long before systemd is up; without it, it waits for multi-user.target.
  const renamed = replaceOnce(text, "log_info 'detected cgroup v1'", "log_info 'the machine has cgroup v1'");
  return replaceOnce(
    renamed,
    "log_info 'starting init'",
    "/kind/bin/prepare-node.sh\nlog_info 'starting init'",
  );
}

function replaceOnce(text: string, from: string, to: string): string {
  if (text.split(from).length === 2) return text.replace(from, () => to);
  throw new ToolchainError(
    'InputMissing',
    'adaptEntrypoint',
    `kind's entrypoint does not say "${from}" exactly once any more`,
  );
}

/** Units that have no sense in a container; the list is that of kind's Dockerfile. */
async function trimUnits(root: string): Promise<void> {
  const patterns = [
    'lib/systemd/system/sysinit.target.wants/systemd-tmpfiles-setup.service',
    'lib/systemd/system/multi-user.target.wants/*',
    'etc/systemd/system/*.wants/*',
    'lib/systemd/system/local-fs.target.wants/*',
    'lib/systemd/system/sockets.target.wants/*udev*',
    'lib/systemd/system/sockets.target.wants/*initctl*',
    'lib/systemd/system/basic.target.wants/*',
  ];
  for await (const unit of glob(patterns, { cwd: root }))
    await rm(path.join(root, unit), { recursive: true });
  const journald = path.join(root, 'etc/systemd/journald.conf.d');
  await mkdir(journald, { recursive: true });
  await writeFile(path.join(journald, 'marina.conf'), '[Journal]\nReadKMsg=no\nRuntimeMaxUse=32M\n');
  const init = path.join(root, 'usr/sbin/init');
  await rm(init, { force: true });
  await symlink('/usr/lib/systemd/systemd', init);
}

async function configure(root: string): Promise<void> {
  const containerdConfig = await readFile(path.join(nodeFiles, 'containerd.toml'), 'utf8');
  await writeFile(
    path.join(root, 'etc/containerd/config.toml'),
    replaceOnce(containerdConfig, '@PAUSE_IMAGE@', imageReference('pause')),
  );
  const spec = await run('chroot', [root, '/usr/local/bin/ctr', 'oci', 'spec']);
  await writeFile(path.join(root, 'etc/containerd/cri-base.json'), adaptRuntimeSpec(spec));
  await install(path.join(nodeFiles, 'pod-network.conflist'), path.join(root, podNetwork), 0o644);
  await install(path.join(nodeFiles, 'prepare-node.sh'), path.join(root, 'kind/bin/prepare-node.sh'), 0o755);
  await install(
    path.join(nodeFiles, 'default-storage.yaml'),
    path.join(root, 'kind/manifests/default-storage.yaml'),
    0o644,
  );
  await writeFile(path.join(root, 'kind/version'), kubernetesVersion);
  await mkdir(path.join(root, 'etc/kubernetes/manifests'), { recursive: true });
}

/** @param spec what `ctr oci spec` prints: the base of every container of a node, to which the container's own settings are added */
export function adaptRuntimeSpec(spec: string): string {
  const {
    process,
    hooks = {},
    ...rest
  } = JSON.parse(spec) as {
    readonly process: Readonly<Record<string, unknown>>;
    readonly hooks?: { readonly createContainer?: readonly unknown[] };
  };
  const { rlimits: _raisingThemNeedsCapSysResource, ...processWithoutLimits } = process;
  return JSON.stringify({
    ...rest,
    process: processWithoutLimits,
    hooks: {
      ...hooks,
      createContainer: [...(hooks.createContainer ?? []), { path: '/kind/bin/mount-product-files.sh' }],
    },
  });
}

/** Copies with kind's modes, which a Go module does not keep: scripts and folders 755, other files 644. */
async function copyTree(source: string, target: string): Promise<void> {
  await mkdir(target, { recursive: true });
  for (const entry of await readdir(source, { withFileTypes: true })) {
    const [from, to] = [path.join(source, entry.name), path.join(target, entry.name)];
    if (entry.isDirectory()) {
      await copyTree(from, to);
      continue;
    }
    await install(from, to, /\/(?:bin)\//.test(from) ? 0o755 : 0o644);
  }
}

async function install(source: string, target: string, mode: number): Promise<void> {
  await mkdir(path.dirname(target), { recursive: true });
  await copyFile(source, target);
  await chmod(target, mode);
}
