import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createTemporaryDirectory } from './temporary-directory.ts';

export interface Mount extends AsyncDisposable {
  readonly path: string;
}

export interface MountOptions {
  /** As in `size=` of tmpfs, e.g. `16m`. */
  readonly size: string;
  readonly readOnly?: boolean;
}

/** Waits with the mount until its input ends, which it does in whatever way this process ends. */
const script = `
  mount -t tmpfs -o "size=$2" tmpfs "$1" && mount -o "remount,$3,size=$2" "$1" && echo mounted && cat
  umount --lazy "$1"
`;

/** An empty file system of its own in memory; wants root. Unmounted when it is disposed of, and when this process is killed. */
export async function mountMemory({ size, readOnly = false }: MountOptions): Promise<Mount> {
  await using started = new AsyncDisposableStack();
  const directory = started.use(await createTemporaryDirectory('mount'));
  const keeper = spawn('sh', ['-c', script, 'sh', directory.path, size, readOnly ? 'ro' : 'rw'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    // An interrupt of the terminal is for this process; the keeper ends after it.
    detached: true,
  });
  const ended = once(keeper, 'exit');
  started.defer(async () => {
    keeper.stdin.end();
    await ended;
  });
  const [answer] = (await Promise.race([once(keeper.stdout, 'data'), ended])) as readonly unknown[];
  if (!String(answer).startsWith('mounted'))
    throw new Error(`no file system of ${size} at ${directory.path}`);
  const parts = started.move();
  return { path: directory.path, [Symbol.asyncDispose]: () => parts.disposeAsync() };
}
