import { rm, statfs, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { startProcess } from './processes.ts';
import { waitUntil } from './wait-until.ts';

/** A file system of few bytes, seen by those alone that `inside` starts: it goes with its holder, however a test ends. */
export interface SmallVolume extends AsyncDisposable {
  /** A command line that runs where the volume is mounted. */
  inside(command: readonly [string, ...string[]]): readonly [string, ...string[]];
  /** A path of the volume, as this process finds it. */
  path(name: string): string;
  /** Takes what is free. */
  fill(): Promise<void>;
  /** Gives back what `fill` took. */
  free(): Promise<void>;
}

/** Mounts memory of `sizeBytes` on `directory`, in a mount namespace of its own. Needs root. */
export async function startSmallVolume(directory: string, sizeBytes: number): Promise<SmallVolume> {
  const mount = 'mount -t tmpfs -o "size=$1,mode=700" tmpfs "$2" && exec sleep infinity';
  const holder = await startProcess({
    command: 'unshare',
    args: ['--mount', 'sh', '-c', mount, 'sh', String(sizeBytes), directory],
    logFile: `${directory}.volume.log`,
  });
  const root = path.join(`/proc/${holder.pid}/root`, directory);
  const isMounted = async () => {
    if (!holder.running) throw new Error(`the volume cannot be mounted:\n${await holder.logTail()}`);
    const { blocks, bsize } = await statfs(root);
    return blocks * bsize <= sizeBytes;
  };
  await waitUntil('the volume is mounted', isMounted);
  const ballast = path.join(root, 'ballast');
  return {
    inside: (command) => ['nsenter', `--target=${holder.pid}`, '--mount', '--', ...command],
    path: (name) => path.join(root, name),
    async fill() {
      const { bavail, bsize } = await statfs(root);
      // Somebody else may be quicker with the last of it.
      await writeFile(ballast, Buffer.alloc(bavail * bsize)).catch(unlessFull);
    },
    free: () => rm(ballast, { force: true }),
    [Symbol.asyncDispose]: () => holder.kill(),
  };
}

function unlessFull(error: unknown): void {
  if (!String(error).includes('ENOSPC')) throw error;
}
