import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';
import type { Progress } from '../toolchain/progress.ts';
import { LocalError } from './errors.ts';

export interface CommandOptions {
  /** Added to the environment of this process. */
  readonly env?: NodeJS.ProcessEnv;
  readonly input?: string;
  /** Path of the file that becomes standard input. */
  readonly inputFile?: string;
  readonly cwd?: string;
  /** What it prints is a secret and stays out of the log. */
  readonly secret?: boolean;
}

export interface CommandResult {
  /** -1 when the program could not be started or was ended by a signal. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs programs for one step: all that they print goes to the step's log. */
export interface Shell {
  readonly logFile: string;
  readonly progress: Progress;
  /** Writes to the log only. */
  note(line: string): void;
  /** Standard output of a program. @throws LocalError CommandFailed */
  run(program: string, args: readonly string[], options?: CommandOptions): Promise<string>;
  /** Never rejects: for programs whose failing is an answer. */
  probe(program: string, args: readonly string[], options?: CommandOptions): Promise<CommandResult>;
  close(): Promise<void>;
}

/** @param logFile made anew, readable by its owner only: the command line of `kubeadm join` has a token in it */
export function createShell(logFile: string, progress: Progress): Shell {
  mkdirSync(path.dirname(logFile), { recursive: true, mode: 0o700 });
  const log = createWriteStream(logFile, { flags: 'w', mode: 0o600 });
  const note = (line: string): void => {
    log.write(`${new Date().toISOString()} ${line}\n`);
  };

  async function probe(
    program: string,
    args: readonly string[],
    options: CommandOptions = {},
  ): Promise<CommandResult> {
    note(`$ ${[program, ...args].join(' ')}`);
    const keep = (chunk: Buffer): void => {
      if (!options.secret) log.write(chunk);
    };
    const result = await execute(program, args, options, keep);
    note(`= ${result.status}`);
    return result;
  }

  async function run(
    program: string,
    args: readonly string[],
    options: CommandOptions = {},
  ): Promise<string> {
    const result = await probe(program, args, options);
    if (result.status === 0) return result.stdout;
    throw new LocalError({
      code: 'CommandFailed',
      operation: [path.basename(program), ...args.slice(0, 4)].join(' '),
      message: lastLines(result.stderr) || lastLines(result.stdout) || `ended with status ${result.status}`,
    });
  }

  return {
    logFile,
    progress,
    note,
    run,
    probe,
    close: () => new Promise((resolve) => log.end(resolve)),
  };
}

const children = new Set<ChildProcess>();

/** Makes the programs that run end with this process when it is told to; for entries, whose process is theirs alone. */
export function endChildrenOnSignal(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      for (const child of children) child.kill(signal);
      process.kill(process.pid, signal);
    });
  }
}

async function execute(
  program: string,
  args: readonly string[],
  options: CommandOptions,
  log: (chunk: Buffer) => void,
): Promise<CommandResult> {
  await using input = options.inputFile ? await open(options.inputFile) : undefined;
  const { promise, resolve } = Promise.withResolvers<CommandResult>();
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  const collect = (chunks: Buffer[]) => (chunk: Buffer) => {
    chunks.push(chunk);
    log(chunk);
  };
  const finish = (status: number, failure = ''): void =>
    resolve({
      status,
      stdout: Buffer.concat(stdout).toString(),
      stderr: Buffer.concat(stderr).toString() + failure,
    });
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: [input?.fd ?? 'pipe', 'pipe', 'pipe'],
  });
  child.stdout?.on('data', collect(stdout));
  child.stderr?.on('data', collect(stderr));
  child.stdin?.on('error', () => undefined); // a program may end without reading its input
  child.stdin?.end(options.input);
  child.on('error', (error) => finish(-1, error.message));
  child.on('close', (code) => finish(code ?? -1));
  children.add(child);
  return await promise.finally(() => children.delete(child));
}

function lastLines(text: string): string {
  return text.trim().split('\n').slice(-8).join('\n');
}
