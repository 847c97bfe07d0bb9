import { readFile, readdir, readlink, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ensureCached } from './cache.ts';
import type { CacheEntry } from './cache.ts';
import type { Progress } from './progress.ts';
import { writeTar } from './tar-writer.ts';
import type { TarEntry, WrittenTar } from './tar-writer.ts';

/** A layer that is written once and shared by all the images that contain it. `entriesOf` may use the empty directory that it is given. */
export async function ensureLayer(
  entry: CacheEntry,
  progress: Progress,
  entriesOf: (workDirectory: string) => Promise<readonly TarEntry[]>,
): Promise<WrittenTar> {
  const directory = await ensureCached(entry, progress, async (target) => {
    const workDirectory = path.join(target, 'work');
    const layer = await writeTar(path.join(target, 'layer.tar'), await entriesOf(workDirectory));
    await writeFile(path.join(target, 'sha256'), layer.sha256);
    await rm(workDirectory, { recursive: true, force: true });
  });
  return {
    path: path.join(directory, 'layer.tar'),
    sha256: await readFile(path.join(directory, 'sha256'), 'utf8'),
  };
}

/**
 * Entries for a directory and what is below it, sorted by name.
 * @param keep decides on each path relative to `directory`; a directory that is not kept is not entered
 */
export async function treeEntries(
  directory: string,
  imagePath: string,
  keep: (relativePath: string) => boolean = () => true,
): Promise<readonly TarEntry[]> {
  const entries: TarEntry[] = [{ type: 'directory', path: imagePath }];
  async function visit(folder: string): Promise<void> {
    const children = await readdir(path.join(directory, folder), { withFileTypes: true });
    children.sort((one, other) => (one.name < other.name ? -1 : 1));
    for (const child of children) {
      const relative = path.posix.join(folder, child.name);
      if (!keep(relative)) continue;
      const [source, target] = [path.join(directory, relative), `${imagePath}/${relative}`];
      if (child.isDirectory()) {
        entries.push({ type: 'directory', path: target });
        await visit(relative);
      } else if (child.isSymbolicLink()) {
        entries.push({ type: 'symlink', path: target, target: await readlink(source) });
      } else if (child.isFile()) {
        const executable = ((await stat(source)).mode & 0o111) !== 0;
        entries.push({ type: 'file', path: target, source, mode: executable ? 0o755 : 0o644 });
      }
    }
  }
  await visit('');
  return entries;
}
