import { readdir } from 'node:fs/promises';
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

/** A shell for test pods: busybox under each of its names. */
export async function busyboxEntries(debianRoot: string): Promise<readonly TarEntry[]> {
  const busybox = path.join(debianRoot, 'bin/busybox');
  const applets = (await run(busybox, ['--list'])).trim().split('\n');
  const links = applets
    .filter((name) => name !== 'busybox')
    .map((name): TarEntry => ({ type: 'symlink', path: `bin/${name}`, target: 'busybox' }));
  return [program('bin/busybox', busybox), ...links];
}
