import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, readdir, rename, rm, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { run } from './command.ts';
import { withLock } from './lock.ts';
import type { Progress } from './progress.ts';

/** Everything that is made once for all checkouts: `$XDG_CACHE_HOME/marina`. */
export function cacheDirectory(): string {
  return path.join(process.env['XDG_CACHE_HOME'] || path.join(os.homedir(), '.cache'), 'marina');
}

export function logFile(name: string): string {
  return path.join(cacheDirectory(), 'logs', `${name}.log`);
}

/** Twelve hexadecimal digits that name what was made from exactly these inputs, in this order. */
export function hashInputs(inputs: readonly (string | Buffer)[]): string {
  const hash = createHash('sha256');
  for (const input of inputs) {
    // The length in front keeps ['ab', 'c'] and ['a', 'bc'] apart.
    hash.update(`${Buffer.byteLength(input)}:`).update(input);
  }
  return hash.digest('hex').slice(0, 12);
}

/** What tells one version of a file from another: its place in the cache, which carries a hash, or else size and time. */
export async function fileIdentity(file: string): Promise<string> {
  const relative = path.relative(cacheDirectory(), file);
  if (!relative.startsWith('..')) return relative;
  const { size, mtimeMs } = await stat(file);
  return `${file} ${size} ${mtimeMs}`;
}

/** Follows an entry's name while it is being made. */
const unfinished = '.part-';

export type CacheEntry = {
  /** Path below the cache directory; carries the hash of the inputs. */
  readonly key: string;
  /** For progress lines: `kube-apiserver`. */
  readonly what: string;
};

/**
 * The directory of an entry, made by `make` when it is not there. `make` fills a temporary directory beside it that is then renamed,
 * so an entry is whole or absent; processes that want the same entry wait for the first.
 */
export async function ensureCached(
  entry: CacheEntry,
  progress: Progress,
  make: (directory: string) => Promise<void>,
): Promise<string> {
  const directory = path.join(cacheDirectory(), entry.key);
  if (existsSync(directory)) return directory;

  const lock = path.join(cacheDirectory(), 'locks', `${entry.key.replaceAll('/', '_')}.lock`);
  return await withLock(lock, entry.what, progress, async () => {
    if (existsSync(directory)) return directory;
    await mkdir(path.dirname(directory), { recursive: true });
    await removeUnfinished(directory);
    const temporary = await mkdtemp(`${directory}${unfinished}`);
    try {
      await make(temporary);
      await rename(temporary, directory);
      return directory;
    } finally {
      await removeTree(temporary);
    }
  });
}

/** What a killed process left behind. The caller has the lock, so nobody is at it. */
async function removeUnfinished(directory: string): Promise<void> {
  const parent = path.dirname(directory);
  for (const name of await readdir(parent)) {
    if (name.startsWith(`${path.basename(directory)}${unfinished}`))
      await removeTree(path.join(parent, name));
  }
}

/** Removes a directory, but never what is mounted in it: debootstrap has /proc and /sys in its target while it runs. */
async function removeTree(directory: string): Promise<void> {
  const mounts = await readFile('/proc/self/mounts', 'utf8').catch(() => '');
  for (const line of mounts.split('\n')) {
    const mountPoint = line.split(' ')[1] ?? '';
    if (mountPoint.startsWith(`${directory}/`)) await run('umount', ['--lazy', mountPoint]);
  }
  await rm(directory, { recursive: true, force: true });
}
