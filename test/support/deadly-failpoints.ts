import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import type { Failpoints } from '../../src/engine/failpoints.ts';

/** `either`: at half of the effects before them, at the others after. */
export type Moment = 'before' | 'after' | 'either';

export interface DeathRow {
  /** Names at which a process has died already, one a line; shared by those that follow one another. */
  readonly file: string;
  /** Of the effect: not done at all, or done and its answer lost. */
  readonly moment: Moment;
  /** How many die at a name that means several things, as the status of an object does; default: one. */
  readonly deathsAt?: Readonly<Record<string, number>>;
  /** Beginnings of names that nobody dies at. */
  readonly spared?: readonly string[];
}

/** On a line of a name: a process went on there where the one before had died. */
const passed = '+';

/**
 * Ends this process by SIGKILL at the first failpoint that none before it has died at. Processes that follow one another thus
 * die once at each effect of what they do, and the last one lives. Effects happen one after the other: of several under way at a
 * death, all but one would be done without anybody ever dying at them.
 */
export function deadlyFailpoints({ file, moment, deathsAt = {}, spared = [] }: DeathRow): Failpoints {
  const lines = readLines(file);
  const write = (line: string) => {
    lines.push(line);
    appendFileSync(file, `${line}\n`);
  };
  const die = (name: string, isBefore: boolean) => {
    if (spared.some((beginning) => name.startsWith(beginning))) return;
    const deaths = lines.filter((line) => line === name).length;
    if (deaths >= (deathsAt[name] ?? 1)) return;
    const passes = lines.filter((line) => line === passed + name).length;
    if (isBefore && deaths > passes) {
      // Whoever dies before it again is not before what comes next.
      write(passed + name);
      return;
    }
    write(name);
    process.kill(process.pid, 'SIGKILL');
  };
  let turn: Promise<unknown> = Promise.resolve();
  return {
    around(name, effect) {
      const inTurn = async () => {
        const isBefore = moment === 'before' || (moment === 'either' && name.length % 2 === 0);
        if (isBefore) die(name, isBefore);
        const result = await effect();
        if (!isBefore) die(name, isBefore);
        return result;
      };
      const mine = turn.then(inTurn);
      turn = mine.catch(() => undefined);
      return mine;
    },
  };
}

/** Names that processes died at, as often as they did. */
export function readDeaths(file: string): readonly string[] {
  return readLines(file).filter((line) => !line.startsWith(passed));
}

function readLines(file: string): string[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
}
