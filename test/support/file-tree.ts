import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** Every file below a folder, `path octets`, sorted. */
export async function fileTree(folder: string): Promise<readonly string[]> {
  const lines: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    if (entry.isDirectory()) continue;
    const file = path.join(entry.parentPath, entry.name);
    const { size } = await stat(file);
    lines.push(`${path.relative(folder, file)} ${size}`);
  }
  return lines.toSorted();
}

/** Makes files below a folder, by their paths, with a line in each. */
export async function seedFiles(folder: string, paths: readonly string[]): Promise<void> {
  for (const relative of paths) {
    const file = path.join(folder, relative);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, `${relative}\n`);
  }
}

/** Removes what is in a folder, and leaves the folder. */
export async function emptyFolder(folder: string): Promise<void> {
  for (const name of await readdir(folder)) await rm(path.join(folder, name), { recursive: true });
}
