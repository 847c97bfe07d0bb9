import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DeathRow } from './deadly-failpoints.ts';
import { startProcess, type RunningProcess } from './processes.ts';
import { createTemporaryDirectory } from './temporary-directory.ts';
import { waitUntil } from './wait-until.ts';

/** JSON: it travels on the command line of marina-controller.ts. */
export interface MarinaProcessOptions {
  readonly kubeconfigPath: string;
  /**
   * Holder of the Lease and user agent of every request to the management cluster. A process that takes the place of a
   * dead one leads at once under the same name, and after the lease has run out (8 s) under another.
   */
  readonly identity: string;
  /** Default 300,000. */
  readonly resyncMs?: number;
  /** Default 4. */
  readonly workers?: number;
  /** Where BackupStorages with `volume` are; default: nowhere. */
  readonly backupVolume?: string;
  /** It ends itself at each failpoint at which none before it has. */
  readonly deathRow?: DeathRow;
}

export interface MarinaProcess extends AsyncDisposable {
  readonly pid: number;
  readonly identity: string;
  readonly running: boolean;
  /** How it ended, whoever ended it. */
  readonly exited: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** SIGTERM: it ends the work in hand and gives the lease up. */
  stop(): Promise<void>;
  /** SIGSTOP: not one instruction more, and its connections stay open. */
  pause(): void;
  resume(): void;
  /** Resolves when its caches are filled, whether it leads or not. Each of these rejects when the process ends before. */
  untilReady(timeoutMs?: number): Promise<void>;
  /** Resolves when it leads, as far as it knows. */
  untilLeading(timeoutMs?: number): Promise<void>;
  /** Resolves when it leads no more, as far as it knows. */
  untilStandby(timeoutMs?: number): Promise<void>;
  /** Its log so far: one JSON object a line, as production writes it. */
  log(): Promise<string>;
  logTail(lines?: number): Promise<string>;
}

/** Halves the CPU that a start takes. */
const compileCache = fileURLToPath(new URL('../../node_modules/.cache/marina', import.meta.url));

const program = fileURLToPath(new URL('marina-controller.ts', import.meta.url));

/** A Marina controller in a process of its own, so that it can be killed, stopped and continued like a real one. */
export async function startMarinaProcess(options: MarinaProcessOptions): Promise<MarinaProcess> {
  const directory = await createTemporaryDirectory('marina');
  const child = await startProcess({
    command: process.execPath,
    args: [program, JSON.stringify(options)],
    logFile: path.join(directory.path, 'marina.log'),
    env: { NODE_OPTIONS: '', NODE_COMPILE_CACHE: compileCache },
  }).catch(async (error: unknown) => {
    await directory.remove();
    throw error;
  });
  return handle(child, options.identity, directory);
}

function handle(child: RunningProcess, identity: string, directory: AsyncDisposable): MarinaProcess {
  const log = () => readFile(child.logFile, 'utf8');
  const until = async (what: string, isSo: (log: string) => boolean, timeoutMs: number) => {
    await waitUntil(
      `${identity} ${what}`,
      async () => {
        if (isSo(await log())) return true;
        if (!child.running) throw new Error(`${identity} ended:\n${await child.logTail()}`);
        return false;
      },
      timeoutMs,
    );
  };
  return {
    pid: child.pid,
    identity,
    get running() {
      return child.running;
    },
    exited: child.exited,
    kill: () => child.kill(),
    stop: () => child.stop(),
    pause: () => child.pause(),
    resume: () => child.resume(),
    log,
    logTail: (lines) => child.logTail(lines),
    untilReady: (timeoutMs = 30_000) =>
      until('is ready', (text) => text.includes('"msg":"caches filled"'), timeoutMs),
    untilLeading: (timeoutMs = 30_000) => until('leads', leads, timeoutMs),
    untilStandby: (timeoutMs = 30_000) => until('stands by', (text) => !leads(text), timeoutMs),
    async [Symbol.asyncDispose]() {
      await child.kill();
      await directory[Symbol.asyncDispose]();
    },
  };
}

/** By what the election says of the last term in a log. */
function leads(log: string): boolean {
  return log.lastIndexOf('"msg":"leading"') > log.lastIndexOf('"msg":"leading no more"');
}
