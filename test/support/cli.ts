import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { text } from 'node:stream/consumers';

const source = path.resolve(import.meta.dirname, '../../src/cli/main.ts');

export interface CliResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliRun {
  /** Besides PATH; the caller's own settings have no part in it. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  /** Default: from the sources. */
  readonly program?: readonly [command: string, ...args: string[]];
}

/** Runs `marina` as a process of its own, in a home of its own. */
export async function runCli(
  home: string,
  args: readonly string[],
  {
    environment = {},
    stdin = '',
    program = [process.execPath, '--disable-warning=ExperimentalWarning', source],
  }: CliRun = {},
): Promise<CliResult> {
  const [command, ...first] = program;
  const child = spawn(command, [...first, ...args], {
    env: { PATH: process.env['PATH'], HOME: home, ...environment },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  // It may end without reading.
  child.stdin.on('error', () => undefined).end(stdin);
  const [stdout, stderr, [status]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  return { status, stdout, stderr };
}
