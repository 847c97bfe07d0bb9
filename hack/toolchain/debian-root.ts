import { rm } from 'node:fs/promises';
import path from 'node:path';
import { ensureCached, hashInputs, logFile } from './cache.ts';
import { run, runLogged } from './command.ts';
import { ensureHostPackages } from './host-packages.ts';
import type { Progress } from './progress.ts';

/** systemd 252 of bookworm boots on hybrid cgroup v1; 257 of trixie may not. */
const suite = 'bookworm';

/** What a node needs, and what the small images take programs and libraries from. */
const packages = [
  ...['systemd', 'conntrack', 'iptables', 'nftables', 'iproute2', 'ethtool', 'util-linux', 'mount', 'kmod'],
  ...[
    'libseccomp2',
    'e2fsprogs',
    'bash',
    'ca-certificates',
    'curl',
    'jq',
    'procps',
    'runc',
    'socat',
    'ebtables',
  ],
  ...['libc-bin', 'findutils', 'libstdc++6', 'busybox-static'],
] as const;

const dropped = [
  'var/cache/apt',
  'var/lib/apt/lists',
  'usr/share/doc',
  'usr/share/man',
  'usr/share/locale',
  'usr/share/info',
];

export function debianRootKey(): string {
  return `debian-root/${suite}-${hashInputs([suite, packages.join(' '), dropped.join(' '), process.arch])}`;
}

/** Directory of a small Debian system, made by debootstrap from Debian's mirror (or the one that MARINA_DEBIAN_MIRROR names). */
export async function ensureDebianRoot(progress: Progress): Promise<string> {
  const directory = await ensureCached(
    { key: debianRootKey(), what: 'Debian base system' },
    progress,
    async (target) => {
      await ensureHostPackages(['debootstrap'], progress);
      progress('making a Debian base system, about a minute');
      const root = path.join(target, 'root');
      const mirror = process.env['MARINA_DEBIAN_MIRROR'] || 'http://deb.debian.org/debian';
      const args = ['--variant=minbase', `--include=${packages.join(',')}`, suite, root, mirror];
      await runLogged('debootstrap', args, logFile('debootstrap'));
      for (const folder of dropped) await rm(path.join(root, folder), { recursive: true, force: true });
    },
  );
  return path.join(directory, 'root');
}

/** Absolute paths, as seen inside the root, of the shared libraries that a program of it loads; empty for a static one. */
export async function librariesOf(root: string, program: string): Promise<readonly string[]> {
  return parseLdd(await run('chroot', [root, 'ldd', program]).catch(() => ''));
}

/** @param output lines such as `\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x...)` or `\t/lib64/ld-linux-x86-64.so.2 (0x...)` */
export function parseLdd(output: string): readonly string[] {
  const files: string[] = [];
  for (const line of output.split('\n')) {
    const file = /(?:=> )?(\/\S+) \(0x[0-9a-f]+\)$/.exec(line.trim())?.[1];
    if (file) files.push(file);
  }
  return files;
}
