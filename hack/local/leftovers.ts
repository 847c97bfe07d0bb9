import { existsSync, readFileSync, readdirSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Checkout } from './checkout.ts';
import { mountPoints } from './host.ts';
import { podmanFiles } from './podman-config.ts';
import type { Shell } from './shell.ts';

/** What the kernel knew the containers by; to be noted before they are removed. */
export interface ContainerTraces {
  readonly ids: readonly string[];
  /** Paths of their network namespaces, `/run/netns/netns-...`. */
  readonly networkNamespaces: readonly string[];
}

/** Everything of this checkout that is still on the machine, each in words; the state folder and the cache do not count. */
export async function findLeftovers(
  shell: Shell,
  checkout: Checkout,
  traces: ContainerTraces,
): Promise<readonly string[]> {
  const storage = podmanFiles(checkout).graphRoot;
  const found: string[] = [];
  for (const { pid, command } of listProcesses()) {
    if ([storage, checkout.runDirectory].some((directory) => command.includes(directory))) {
      found.push(`process ${pid}: ${command.slice(0, 80)}`);
    }
  }
  for (const mount of mountPoints()) {
    if (mount.startsWith(`${storage}/`) || mount.startsWith(`${checkout.runDirectory}/`))
      found.push(`mount ${mount}`);
  }
  for (const namespace of traces.networkNamespaces) {
    if (existsSync(namespace)) found.push(`network namespace ${namespace}`);
  }
  if (
    Object.keys(os.networkInterfaces()).includes(checkout.network) ||
    existsSync(`/sys/class/net/${checkout.network}`)
  ) {
    found.push(`bridge ${checkout.network}`);
  }
  const subnet = checkout.subnet.cidr.replace('.0/24', '.');
  const rules = await shell.probe('iptables-save', []);
  for (const rule of rules.stdout.split('\n'))
    if (rule.includes(` ${subnet}`)) found.push(`firewall rule ${rule}`);
  for (const cgroup of listCgroups()) {
    if (traces.ids.some((id) => cgroup.includes(id))) found.push(`cgroup ${cgroup}`);
  }
  if (existsSync(checkout.runDirectory)) found.push(`directory ${checkout.runDirectory}`);
  return found;
}

/** Living processes; one that only waits to be reaped has no command line. */
function listProcesses(): readonly { readonly pid: string; readonly command: string }[] {
  const processes: { pid: string; command: string }[] = [];
  for (const pid of readdirSync('/proc')) {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) continue;
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
      if (command) processes.push({ pid, command });
    } catch {
      // ended while we looked
    }
  }
  return processes;
}

/** Two levels below each hierarchy: `<controller>/libpod_parent/libpod-<id>`. */
function listCgroups(directory = '/sys/fs/cgroup', depth = 3): readonly string[] {
  if (depth === 0) return [];
  const found: string[] = [];
  try {
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      if (!entry.isDirectory()) continue;
      const child = path.join(directory, entry.name);
      found.push(child, ...listCgroups(child, depth - 1));
    }
  } catch {
    // removed while we looked
  }
  return found;
}
