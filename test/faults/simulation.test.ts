import { execFile } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { recordFigure } from '../support/figures.ts';
import { scaled, seedOr } from '../support/form.ts';

const program = fileURLToPath(new URL('../simulator/run.ts', import.meta.url));
const schedules = scaled(10_000, 100_000);

interface Run {
  readonly code: number;
  readonly output: string;
}

/** In a process of its own: the simulator replaces modules, and its code is to run as it is. */
function simulator(...options: readonly string[]): Promise<Run> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [program, ...options],
      { maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) => {
        resolve({ code: error ? Number(error.code ?? 1) : 0, output: stdout + stderr });
      },
    );
  });
}

describe('control planes under simulated faults', () => {
  it('does the same again for the same seed', async () => {
    const [first, second] = await Promise.all([simulator('--seed', '7'), simulator('--seed', '7')]);

    expect(first.output.split('\n').length).toBeGreaterThan(50);
    expect(second.output).toBe(first.output);
  });

  it(
    `keeps every invariant in ${schedules} schedules`,
    async () => {
      const seed = seedOr(randomInt(1, 2 ** 31 - schedules));
      process.stdout.write(`simulated schedules from seed ${seed} (MARINA_SEED)\n`);

      const { code, output } = await simulator('--seed', String(seed), '--schedules', String(schedules));

      recordFigure(
        'simulated schedules',
        output.split('\n').find((line) => line.includes(' schedules from seed ')) ?? '',
      );
      if (code !== 0) throw new Error(output);
    },
    schedules * 60,
  );
});
