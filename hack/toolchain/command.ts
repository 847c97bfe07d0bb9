import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { ToolchainError } from './errors.ts';

export type CommandOptions = {
  readonly cwd?: string;
  /** Replaces the environment as a whole. */
  readonly env?: NodeJS.ProcessEnv;
  readonly input?: string | Buffer;
};

export type CommandResult = {
  readonly status: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
};

/** Runs a program to its end and returns what it printed; never throws for an exit status. */
export function probe(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const { promise, resolve } = Promise.withResolvers<CommandResult>();
  const child = spawn(program, args, { cwd: options.cwd, env: options.env ?? process.env });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  child.stdin.on('error', () => undefined); // a program may end without reading its input
  child.stdin.end(options.input);
  const finish = (status: number | undefined, failure = ''): void =>
    resolve({
      status,
      stdout: Buffer.concat(stdout).toString(),
      stderr: `${Buffer.concat(stderr).toString()}${failure}`,
    });
  child.on('error', (error) => finish(undefined, error.message));
  child.on('close', (code) => finish(code ?? undefined));
  return promise;
}

/** Runs a program and returns its standard output. @throws ToolchainError CommandFailed with the standard error */
export async function run(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const result = await probe(program, args, options);
  if (result.status === 0) return result.stdout;
  throw new ToolchainError(
    'CommandFailed',
    program,
    `${program} ${args.slice(0, 6).join(' ')} ended with ${result.status ?? 'no status'}: ${result.stderr.trim() || result.stdout.trim()}`,
  );
}

/**
 * Runs a long program with everything it prints in `logFile`.
 * @throws ToolchainError CommandFailed with the last lines and the name of the log
 */
export async function runLogged(
  program: string,
  args: readonly string[],
  logFile: string,
  options: CommandOptions = {},
): Promise<void> {
  await mkdir(path.dirname(logFile), { recursive: true });
  const log = openSync(logFile, 'a');
  const { promise, resolve } = Promise.withResolvers<number | string>();
  try {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: ['ignore', log, log],
    });
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code, signal) => resolve(code ?? signal ?? 'no status'));
    const status = await promise;
    if (status === 0) return;
    const tail = (await readFile(logFile, 'utf8')).trim().split('\n').slice(-8).join('\n  ');
    throw new ToolchainError(
      'CommandFailed',
      program,
      `${program} ${args[0] ?? ''} ended with ${status}; its output is in ${logFile} and ends with\n  ${tail}`,
    );
  } finally {
    closeSync(log);
  }
}
