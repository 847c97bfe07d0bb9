import { lstat, readlink } from 'node:fs/promises';
import path from 'node:path';
import { librariesOf } from './debian-root.ts';
import type { TarEntry } from './tar-writer.ts';

/** Debian's merged /usr: every path of the root is reached through these. */
const mergedUsr = ['bin', 'sbin', 'lib', 'lib64'].flatMap((name): readonly TarEntry[] => [
  { type: 'directory', path: `usr/${name}` },
  { type: 'symlink', path: name, target: `usr/${name}` },
]);

/**
 * Entries that put programs of a Debian root into an image together with every shared library they load.
 * @param files absolute paths inside the root: programs, plug-ins and libraries; links are kept and followed
 */
export async function rootFiles(root: string, files: readonly string[]): Promise<readonly TarEntry[]> {
  const wanted = [...files];
  const entries = new Map<string, TarEntry>();
  // The list grows while it is walked: by the targets of links and by libraries.
  for (const file of wanted) {
    const location = mergedPath(file);
    if (entries.has(location)) continue;
    const source = path.join(root, location);
    const status = await lstat(source);
    if (status.isSymbolicLink()) {
      const target = await readlink(source);
      entries.set(location, { type: 'symlink', path: location, target });
      wanted.push(path.posix.resolve('/', path.posix.dirname(location), target));
      continue;
    }
    entries.set(location, { type: 'file', path: location, source, mode: status.mode & 0o777 });
    wanted.push(...(await librariesOf(root, `/${location}`)));
  }
  return [...mergedUsr, ...entries.values()];
}

/** `/lib/x` and `/usr/lib/x` are one file; the second is where it lives. Without the leading slash. */
export function mergedPath(file: string): string {
  const relative = file.replace(/^\/+/, '');
  return /^(?:bin|sbin|lib|lib64)\//.test(relative) ? `usr/${relative}` : relative;
}
