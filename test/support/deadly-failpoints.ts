import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import type { Failpoints } from '../../src/engine/failpoints.ts';

export type Moment = 'before' | 'after';

export interface DeathRow {
  /** Names at which a process has died already, one a line; shared by those that follow one another. */
  readonly file: string;
  /** Of the effect: not done at all, or done and its answer lost. */
  readonly moment: Moment;
}

/**
 * Ends this process by SIGKILL at the first failpoint that none before it has died at. Processes that follow one another thus
 * die once at each effect of what they do, and the last one lives.
 */
export function deadlyFailpoints({ file, moment }: DeathRow): Failpoints {
  const visited = new Set(readDeaths(file));
  const die = (name: string) => {
    if (visited.has(name)) return;
    visited.add(name);
    appendFileSync(file, `${name}\n`);
    process.kill(process.pid, 'SIGKILL');
  };
  return {
    async around(name, effect) {
      if (moment === 'before') die(name);
      const result = await effect();
      if (moment === 'after') die(name);
      return result;
    },
  };
}

export function readDeaths(file: string): readonly string[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
}
