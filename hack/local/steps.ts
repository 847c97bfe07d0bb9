import path from 'node:path';
import { LocalError, messageOf } from './errors.ts';
import { createShell } from './shell.ts';
import type { Shell } from './shell.ts';

/** Where lines for the person who waits go, and the clock; both are the caller's, so that a test can read them. */
export interface Console {
  readonly print: (line: string) => void;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
}

export const terminal: Console = {
  print: (line) => void process.stdout.write(`${line}\n`),
  now: () => performance.now(),
};

export interface Step {
  /** Names the log: `.marina/logs/<key>.log`. */
  readonly key: string;
  /** What it does, for people: `Management cluster`. */
  readonly title: string;
  /** What to try when it fails and the error itself has no advice. */
  readonly remedy?: string;
}

export interface StepTime {
  readonly title: string;
  readonly milliseconds: number;
}

/** A step failed and has been reported; nothing more is to be said about it. */
export class StepFailed extends Error {
  override readonly name = 'StepFailed';
}

const stillWorkingEvery = 15_000;

/** Runs steps one after another: says what is being done, how long it took and, when one fails, why and what to do. */
export class Steps {
  readonly times: StepTime[] = [];
  readonly #logDirectory: string;
  readonly #console: Console;
  readonly #started: number;

  constructor(logDirectory: string, console: Console = terminal) {
    this.#logDirectory = logDirectory;
    this.#console = console;
    this.#started = console.now();
  }

  get elapsed(): number {
    return this.#console.now() - this.#started;
  }

  /** @throws StepFailed after printing what failed, why, where the log is and what to do */
  async run<T>(step: Step, work: (shell: Shell) => Promise<T>): Promise<T> {
    const console = this.#console;
    const started = console.now();
    console.print(`> ${step.title}`);
    let lastLine = started;
    const progress = (line: string): void => {
      lastLine = console.now();
      console.print(`    ${line}`);
    };
    const ticker = setInterval(() => {
      if (console.now() - lastLine < stillWorkingEvery) return;
      progress(`still working, ${formatSeconds(console.now() - started)} so far`);
    }, 1_000);

    const shell = createShell(path.join(this.#logDirectory, `${step.key}.log`), progress);
    try {
      const result = await work(shell);
      const milliseconds = console.now() - started;
      this.times.push({ title: step.title, milliseconds });
      console.print(`  done in ${formatSeconds(milliseconds)}`);
      return result;
    } catch (error) {
      shell.note(error instanceof Error ? (error.stack ?? error.message) : String(error));
      for (const line of describeFailure(step, error, shell.logFile, console.now() - started))
        console.print(line);
      throw new StepFailed(step.title, { cause: error });
    } finally {
      clearInterval(ticker);
      await shell.close();
    }
  }
}

/** What failed, why, where the log is and what to do: each on lines of its own. */
export function describeFailure(
  step: Step,
  error: unknown,
  logFile: string,
  milliseconds: number,
): readonly string[] {
  const known = error instanceof LocalError ? error : undefined;
  const lines = [
    `  FAILED after ${formatSeconds(milliseconds)}`,
    `    what: ${known?.operation ?? step.title}`,
    `    why:  ${messageOf(error).split('\n').join('\n          ')}`,
    `    log:  ${logFile}`,
  ];
  const remedy = known?.remedy ?? step.remedy;
  if (remedy) lines.push(`    try:  ${remedy}`);
  return lines;
}

/** `0.4 s`, `21 s`, `3 min 5 s` */
export function formatSeconds(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
