import { spawn } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ToolchainError } from './errors.ts';
import type { Progress } from './progress.ts';

/**
 * Runs `work` while no other process on this machine runs work under the same lock file.
 *
 * The lock is the kernel's (flock), held by a child that lives as long as our end of its pipe: however this process ends,
 * the lock is free at once and there is never a dead one to judge. The file names the holder for those who wait.
 */
export async function withLock<T>(
  file: string,
  what: string,
  progress: Progress,
  work: () => Promise<T>,
): Promise<T> {
  await mkdir(path.dirname(file), { recursive: true });
  await using _lock = await acquire(file, what, progress);
  return await work();
}

async function acquire(file: string, what: string, progress: Progress): Promise<AsyncDisposable> {
  const lock = flock(file, ['--nonblock']);
  if (await lock.held) return await registered(file, lock);

  const holder = await readFile(file, 'utf8').catch(() => '');
  progress(`${what}: process ${holder.trim() || 'unknown'} is at it already, waiting for it`);
  const next = flock(file, []);
  if (await next.held) return await registered(file, next);
  throw new ToolchainError(
    'CommandFailed',
    'flock',
    `${file} cannot be locked: is flock (util-linux) installed?`,
  );
}

async function registered(file: string, lock: ReturnType<typeof flock>): Promise<AsyncDisposable> {
  await writeFile(file, `${process.pid}\n`);
  return { [Symbol.asyncDispose]: lock.release };
}

function flock(file: string, flags: readonly string[]) {
  // Detached: Ctrl-C on the terminal is to end the work first, the lock only with it.
  const child = spawn(
    'flock',
    [...flags, '--exclusive', file, 'sh', '-c', 'echo held; exec cat >/dev/null'],
    {
      detached: true,
      stdio: ['pipe', 'pipe', 'ignore'],
    },
  );
  const ended = Promise.withResolvers<boolean>();
  child.on('error', () => ended.resolve(false));
  child.on('close', () => ended.resolve(false));
  const held = Promise.withResolvers<boolean>();
  child.stdout.once('data', () => held.resolve(true));
  return {
    held: Promise.race([held.promise, ended.promise]),
    release: async (): Promise<void> => {
      child.stdin.end();
      await ended.promise;
    },
  };
}
