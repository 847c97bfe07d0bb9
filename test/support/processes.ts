import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

export interface ProcessOptions {
  readonly command: string;
  readonly args: readonly string[];
  /** Receives stdout and stderr; appended to. */
  readonly logFile: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface RunningProcess {
  readonly pid: number;
  readonly running: boolean;
  readonly logFile: string;
  /** How it ended, whoever ended it. */
  readonly exited: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  /** SIGTERM, then SIGKILL after 10 seconds; resolves when it has ended. */
  stop(): Promise<void>;
  /** SIGKILL: what a crash looks like. */
  kill(): Promise<void>;
  /** SIGSTOP: connections stay open and nothing answers. */
  pause(): void;
  resume(): void;
  /** The last lines of its log. */
  logTail(lines?: number): Promise<string>;
}

/**
 * Starts a server for a test. The kernel kills it when the test process ends in whatever way (prctl(2) PR_SET_PDEATHSIG), so that
 * an interrupted run leaves nothing behind.
 */
export async function startProcess(options: ProcessOptions): Promise<RunningProcess> {
  const log = await open(options.logFile, 'a');
  const guarded = ['--pdeathsig', 'KILL', options.command, ...options.args];
  const child = spawn('setpriv', guarded, {
    stdio: ['ignore', log.fd, log.fd],
    env: { ...process.env, ...options.env },
  });
  const ended = once(child, 'exit');
  // Seen by those who await it later; without a handler an early spawn error would be an unhandled rejection.
  ended.catch(() => undefined);
  try {
    await once(child, 'spawn');
  } finally {
    await log.close();
  }
  return handle(child, ended, options.logFile);
}

/** Asks until the answer is true; rejects with the end of the log when the process dies or the time is up. */
export async function waitUntilReady(
  server: RunningProcess,
  name: string,
  isReady: () => Promise<boolean>,
  timeoutMs = 60_000,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await isReady())) {
    if (!server.running) throw new Error(`${name} ended while starting:\n${await server.logTail()}`);
    if (performance.now() > deadline) {
      throw new Error(`${name} is not ready after ${timeoutMs / 1000} s:\n${await server.logTail()}`);
    }
    await delay(50);
  }
}

function handle(child: ChildProcess, ended: Promise<unknown>, logFile: string): RunningProcess {
  const isRunning = () => child.exitCode === null && child.signalCode === null;
  const end = async (signal: NodeJS.Signals) => {
    if (isRunning()) child.kill(signal);
    // A paused process would keep SIGTERM pending.
    if (isRunning()) child.kill('SIGCONT');
    await ended;
  };
  return {
    pid: child.pid ?? 0,
    logFile,
    exited: ended.then(() => ({ code: child.exitCode, signal: child.signalCode })),
    get running() {
      return isRunning();
    },
    async stop() {
      const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await end('SIGTERM');
      clearTimeout(timer);
    },
    kill: () => end('SIGKILL'),
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    async logTail(lines = 30) {
      const text = await readFile(logFile, 'utf8');
      return text.trimEnd().split('\n').slice(-lines).join('\n');
    },
  };
}
