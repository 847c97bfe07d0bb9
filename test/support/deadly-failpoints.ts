import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import type { Failpoints } from '../../src/engine/failpoints.ts';

/** `either`: at half of the effects before them, at the others after. */
export type Moment = 'before' | 'after' | 'either';

export interface DeathRow {
  /** Names at which a process has died already, one a line; shared by those that follow one another. */
  readonly file: string;
  /** Of the effect: not done at all, or done and its answer lost. */
  readonly moment: Moment;
}

/**
 * Ends this process by SIGKILL at the first failpoint that none before it has died at. Processes that follow one another thus
 * die once at each effect of what they do, and the last one lives. Effects happen one after the other: of several under way at a
 * death, all but one would be done without anybody ever dying at them.
 */
export function deadlyFailpoints({ file, moment }: DeathRow): Failpoints {
  const visited = new Set(readDeaths(file));
  const die = (name: string) => {
    if (visited.has(name)) return;
    visited.add(name);
    appendFileSync(file, `${name}\n`);
    process.kill(process.pid, 'SIGKILL');
  };
  let turn: Promise<unknown> = Promise.resolve();
  return {
    around(name, effect) {
      const inTurn = async () => {
        const isBefore = moment === 'before' || (moment === 'either' && name.length % 2 === 0);
        if (isBefore) die(name);
        const result = await effect();
        if (!isBefore) die(name);
        return result;
      };
      const mine = turn.then(inTurn);
      turn = mine.catch(() => undefined);
      return mine;
    },
  };
}

export function readDeaths(file: string): readonly string[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
}
