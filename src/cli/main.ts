#!/usr/bin/env node
import { CommanderError } from 'commander';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Surroundings } from './context.ts';
import { asFailure, CliError, exitCodes, formatFailure } from './failure.ts';
import { readSecret, readStdin } from './input.ts';
import { marina } from './program.ts';
import { terminal as openTerminal } from './terminal.ts';

const terminal = openTerminal(process, process.env);
const stopped = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => stopped.abort(new CliError('failed', `Ended by ${signal}.`)));
// Whoever reads the output may have had enough, as `head` does.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(exitCodes.ok);
});

const surroundings: Surroundings = {
  terminal,
  environment: process.env,
  isPlugin: path.basename(process.argv[1] ?? '').startsWith('kubectl-'),
  now: () => new Date(),
  monotonicMs: () => performance.now(),
  wait: async (ms, signal) => {
    await delay(ms, undefined, signal && { signal });
  },
  readStdin: () => readStdin(process.stdin),
  readSecret: (prompt) => readSecret(prompt, process),
  signal: stopped.signal,
};

process.exitCode = await main(process.argv);

async function main(args: readonly string[]): Promise<number> {
  try {
    await marina(surroundings).parseAsync([...args]);
    return exitCodes.ok;
  } catch (error: unknown) {
    if (error instanceof CommanderError) return tellUsage(error);
    const failure = asFailure(stopped.signal.aborted ? stopped.signal.reason : error);
    const isVerbose = args.includes('--verbose');
    terminal.err(formatFailure(failure, isVerbose));
    return exitCodes[failure.outcome];
  }
}

/** Help that was asked for is a success; help that somebody is in need of is not. */
function tellUsage({ exitCode, code, message }: CommanderError): number {
  if (exitCode === 0) return exitCodes.ok;
  if (code !== 'commander.help') terminal.err(`${message.replace(/^error:/, 'Error:')}\nSee --help.`);
  return exitCodes.usage;
}
