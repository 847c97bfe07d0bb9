import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** A file that follows from the code; its path is relative to the checkout. */
export interface GeneratedFile {
  readonly path: string;
  readonly content: string;
}

/** Hold nothing but generated files. */
export const generatedFolders = ['manifests/crds', 'docs/reference'] as const;

/** Files whose content is not what the code yields, are missing, or are no longer generated. */
export async function staleFiles(root: string, files: readonly GeneratedFile[]): Promise<string[]> {
  const stale = await leftOver(root, files);
  for (const file of files) {
    if ((await readIfThere(path.join(root, file.path))) !== file.content) stale.push(file.path);
  }
  return stale.sort();
}

/** Makes the generated folders hold just these files; resolves to the ones that changed. */
export async function writeFiles(root: string, files: readonly GeneratedFile[]): Promise<string[]> {
  const changed = await staleFiles(root, files);
  for (const stale of changed) {
    const file = files.find((candidate) => candidate.path === stale);
    const target = path.join(root, stale);
    if (!file) {
      await rm(target);
      continue;
    }
    await mkdir(path.dirname(target), { recursive: true });
    await writeFile(target, file.content);
  }
  return changed;
}

async function leftOver(root: string, files: readonly GeneratedFile[]): Promise<string[]> {
  const wanted = new Set(files.map((file) => file.path));
  const found: string[] = [];
  for (const folder of generatedFolders) {
    for (const name of await namesIn(path.join(root, folder))) found.push(`${folder}/${name}`);
  }
  return found.filter((file) => !wanted.has(file));
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT';
}
