import { constants } from 'node:fs';
import { access, readFile } from 'node:fs/promises';
import path from 'node:path';
import { ensureCached, hashInputs, logFile } from './cache.ts';
import { probe } from './command.ts';
import { downloadRelease, isReachable } from './download.ts';
import { buildArguments, goBuild, moduleDirectory } from './go.ts';
import { progressToStderr } from './progress.ts';
import type { Progress } from './progress.ts';
import { recipes } from './recipes.ts';
import type { BinaryName, Recipe, Release } from './recipes.ts';

export { cacheDirectory } from './cache.ts';
export { kubernetesVersion } from './versions.ts';
export type { BinaryName } from './recipes.ts';

/**
 * Paths of the named programs, each at its pinned version: from the directory that MARINA_BINARIES names, from PATH, from the cache,
 * or (into the cache) downloaded from the official release where the internet answers, or built from the pinned Go module.
 * @throws ToolchainError naming the log of what failed
 */
export async function ensureBinaries<N extends BinaryName>(
  names: readonly N[],
  progress: Progress = progressToStderr,
): Promise<Record<N, string>> {
  const paths = {} as Record<N, string>;
  // One after another: a Go build uses every core by itself, and the programs of one module share most of their work.
  for (const name of names) paths[name] = await ensureBinary(name, progress);
  return paths;
}

async function ensureBinary(name: BinaryName, progress: Progress): Promise<string> {
  const recipe: Recipe = recipes[name];
  const given = await findGiven(name, process.env['MARINA_BINARIES']);
  if (given) return given;
  const installed = await findInstalled(name, recipe);
  if (installed) return installed;

  const entry = { key: `binaries/${name}-${await recipeHash(recipe)}`, what: name };
  const directory = await ensureCached(entry, progress, async (target) => {
    const output = path.join(target, name);
    if (recipe.release && (await tryDownload(name, recipe.release, output, progress))) return;
    progress(
      `building ${name} from its pinned Go module, up to ${minutes(recipe.coldMinutes)} when nothing of it is built yet`,
    );
    const started = Date.now();
    await goBuild(recipe, output, logFile(`go-build-${name}`));
    progress(`built ${name} in ${Math.round((Date.now() - started) / 1000)} s`);
  });
  return path.join(directory, name);
}

/** MARINA_BINARIES is taken at its word: whoever names a directory may want another version on purpose. */
async function findGiven(name: BinaryName, directory: string | undefined): Promise<string | undefined> {
  if (!directory) return undefined;
  const candidate = path.resolve(directory, name);
  return (await isExecutable(candidate)) ? candidate : undefined;
}

async function findInstalled(name: BinaryName, recipe: Recipe): Promise<string | undefined> {
  for (const directory of (process.env['PATH'] ?? '').split(path.delimiter)) {
    const candidate = path.join(directory, name);
    if (!path.isAbsolute(candidate) || !(await isExecutable(candidate))) continue;
    const { stdout, stderr } = await probe(candidate, recipe.versionArgs);
    if (printsVersion(`${stdout}${stderr}`, recipe.versionText)) return candidate;
  }
  return undefined;
}

/** Whole words only: `v1.36.3` is neither `v1.36.30` nor `v1.36.3-rc.1`. */
export function printsVersion(output: string, versionText: string): boolean {
  const at = output.indexOf(versionText);
  if (at < 0) return false;
  const next = output.charAt(at + versionText.length);
  return versionText.endsWith(' ') || !/[0-9A-Za-z.+-]/.test(next);
}

/** Of everything that is pinned: the module, the checksums of what it needs, and the way it is built. */
export async function recipeHash(recipe: Recipe): Promise<string> {
  const directory = moduleDirectory(recipe.module);
  return hashInputs([
    await readFile(path.join(directory, 'go.mod')),
    await readFile(path.join(directory, 'go.sum')),
    JSON.stringify(buildArguments(recipe)),
    process.arch,
  ]);
}

async function tryDownload(
  name: BinaryName,
  release: Release,
  output: string,
  progress: Progress,
): Promise<boolean> {
  if (process.arch !== 'x64' || !(await isReachable(release.url))) return false;
  progress(`downloading ${name} from ${new URL(release.url).host}`);
  await downloadRelease(release, output);
  return true;
}

async function isExecutable(file: string): Promise<boolean> {
  return await access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}

function minutes(count: number): string {
  return count === 1 ? 'a minute' : `${count} minutes`;
}
