import { existsSync, readFileSync, readdirSync, rmSync, rmdirSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { runRoot } from './checkout.ts';
import type { Checkout } from './checkout.ts';
import { hasContainerRules, isBareTable, planChainRemoval } from './firewall.ts';
import type { Shell } from './shell.ts';

/**
 * What podman changes on a machine for all of its users: chains, a forwarding switch, directories, cgroups. The first checkout that
 * comes up writes down how it was, the last one that goes puts it back.
 */
interface HostBefore {
  readonly ipForward: string;
  /** nftables tables, `ip filter`. */
  readonly tables: readonly string[];
  readonly directories: readonly string[];
  readonly netnsMounted: boolean;
}

const beforeFile = path.join(runRoot, 'host-before.json');
const ipForwardFile = '/proc/sys/net/ipv4/ip_forward';
const netnsDirectory = '/run/netns';
/** kind wants /lib/modules to be there, and a machine whose kernel has no modules has none. */
const sharedDirectories = ['/run/containers', '/run/runc', netnsDirectory, '/lib/modules'];
const cgroupRoot = '/sys/fs/cgroup';
const podmanCgroup = 'libpod_parent';

export async function rememberHost(shell: Shell): Promise<void> {
  if (existsSync(beforeFile)) return;
  const before: HostBefore = {
    ipForward: readFileSync(ipForwardFile, 'utf8').trim(),
    tables: await listTables(shell),
    directories: sharedDirectories.filter((directory) => existsSync(directory)),
    netnsMounted: isMountPoint(netnsDirectory),
  };
  await mkdir(runRoot, { recursive: true, mode: 0o700 });
  await writeFile(beforeFile, JSON.stringify(before));
}

/** Checkouts that are up besides this one. */
export function otherCheckouts(checkout: Checkout): readonly string[] {
  return listDirectory(runRoot).filter((name) => /^[0-9a-f]{8}$/.test(name) && name !== checkout.id);
}

/** Whether another podman of root runs containers on this machine: then what they share stays. */
export async function isPodmanInUse(shell: Shell): Promise<boolean> {
  const saved = await shell.probe('iptables-save', []);
  if (hasContainerRules(saved.stdout)) return true;
  if (listDirectory('/run/containers/networks/aardvark-dns').some((name) => name !== 'aardvark.pid'))
    return true;
  return podmanCgroups().some((cgroup) => subdirectories(cgroup).some((name) => name.startsWith('libpod-')));
}

/**
 * Puts back what the first `up` found, and says whether there was anything to put back. To be called when no checkout runs anything.
 */
export async function restoreHost(shell: Shell): Promise<boolean> {
  const before = readBefore();
  if (!before) return false;
  await removeChains(shell, before);
  for (const cgroup of podmanCgroups()) removeCgroup(cgroup);
  if (!before.netnsMounted && isMountPoint(netnsDirectory) && listDirectory(netnsDirectory).length === 0) {
    await shell.run('umount', [netnsDirectory]);
  }
  for (const directory of sharedDirectories) {
    if (before.directories.includes(directory)) continue;
    // The address book of networks is of no use to anyone once there is none.
    if (directory === '/run/containers') rmSync(directory, { recursive: true, force: true });
    else removeIfEmpty(directory);
  }
  if (before.ipForward === '0') await writeFile(ipForwardFile, '0');
  rmSync(beforeFile, { force: true });
  removeIfEmpty(runRoot);
  return true;
}

/** Shared things of podman that are still there; none after a successful `restoreHost`. */
export async function sharedLeftovers(shell: Shell): Promise<readonly string[]> {
  const found = podmanCgroups().map((cgroup) => `cgroup ${cgroup}`);
  const saved = await shell.probe('iptables-save', []);
  if (saved.stdout.includes('NETAVARK')) found.push('firewall chains of netavark');
  return found;
}

async function removeChains(shell: Shell, before: HostBefore): Promise<void> {
  const saved = await shell.probe('iptables-save', []);
  const plan = planChainRemoval(saved.stdout);
  if (plan) await shell.run('iptables-restore', ['--noflush'], { input: plan });
  for (const table of await listTables(shell)) {
    if (before.tables.includes(table)) continue;
    const [family = '', name = ''] = table.split(' ');
    const listing = await shell.run('nft', ['list', 'table', family, name]);
    if (isBareTable(listing)) await shell.run('nft', ['delete', 'table', family, name]);
  }
}

async function listTables(shell: Shell): Promise<readonly string[]> {
  const { stdout } = await shell.probe('nft', ['list', 'tables']);
  return [...stdout.matchAll(/^table (\S+ \S+)$/gm)].map((match) => match[1] ?? '');
}

function podmanCgroups(): readonly string[] {
  const roots = [
    cgroupRoot,
    ...subdirectories(cgroupRoot).map((controller) => path.join(cgroupRoot, controller)),
  ];
  return roots.map((root) => path.join(root, podmanCgroup)).filter((cgroup) => existsSync(cgroup));
}

/** A cgroup is removed by rmdir, its children first; one with a process in it stays. */
function removeCgroup(directory: string): void {
  for (const child of subdirectories(directory)) removeCgroup(path.join(directory, child));
  removeIfEmpty(directory);
}

function removeIfEmpty(directory: string): void {
  try {
    rmdirSync(directory);
  } catch {
    // in use, or gone already: the check at the end of `down` tells which
  }
}

function readBefore(): HostBefore | undefined {
  if (!existsSync(beforeFile)) return undefined;
  return JSON.parse(readFileSync(beforeFile, 'utf8')) as HostBefore;
}

function isMountPoint(directory: string): boolean {
  return mountPoints().includes(directory);
}

/** proc_pid_mountinfo(5); the fifth field, with spaces as \040. */
export function mountPoints(): readonly string[] {
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').trim().split('\n');
  return lines.map((line) => (line.split(' ')[4] ?? '').replaceAll('\\040', ' '));
}

function listDirectory(directory: string): readonly string[] {
  return existsSync(directory) ? readdirSync(directory) : [];
}

function subdirectories(directory: string): readonly string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);
}
