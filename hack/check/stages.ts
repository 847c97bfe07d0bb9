import { lastLine, sum } from './jest-report.ts';
import type { Tally } from './jest-report.ts';
import { formatDuration, formatTable } from './table.ts';

/** In the order in which they run: what is quick to fail comes first. */
export const stageNames = [
  'lint',
  'unit',
  'build',
  'integration',
  'api',
  'isolation',
  'faults',
  'stores',
  'e2e',
] as const;

export type StageName = (typeof stageNames)[number];

export interface Plan {
  readonly stages: readonly StageName[];
  /** Whether suites that can be run with more repetitions are (`--long`). */
  readonly isLong: boolean;
  /** For jest: file patterns and options. */
  readonly jestArguments: readonly string[];
}

/** `[]` is everything, `['unit']` one stage, `['e2e', 'join']` one stage of which jest is told `join`. */
export function planFrom(allArgs: readonly string[]): Plan {
  const args = allArgs.filter((arg) => arg !== '--long');
  const firstOther = args.findIndex((arg) => !isStageName(arg));
  const named = firstOther === -1 ? args : args.slice(0, firstOther);
  const stages = stageNames.filter((name) => named.length === 0 || named.includes(name));
  return { stages, isLong: args.length < allArgs.length, jestArguments: args.slice(named.length) };
}

function isStageName(name: string): name is StageName {
  return stageNames.some((each) => each === name);
}

/** What makes a stage pointless: its failing would say nothing new. */
const needs: Partial<Record<StageName, StageName>> = { e2e: 'build' };

export interface StageResult {
  readonly name: StageName;
  /** Undefined: not run, since what it needs had failed. */
  readonly tally: Tally | undefined;
  readonly milliseconds: number;
}

export function isPointless(stage: StageName, earlier: readonly StageResult[]): boolean {
  return earlier.some(({ name, tally }) => name === needs[stage] && tally !== undefined && tally.failed > 0);
}

/** What suites counted or measured, by name. */
export type Figure = { readonly name: string; readonly value: string };

/** Of the file that `test/support/figures.ts` writes: one JSON object a line. */
export function readFigures(text: string): readonly Figure[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Figure);
}

/** One row a stage, then the figures, then what jest could not count, then the line that programs read. */
export function summarize(results: readonly StageResult[], figures: readonly Figure[] = []): string {
  const rows = results.map(({ name, tally, milliseconds }) =>
    tally
      ? [name, tally.failed > 0 ? 'FAILED' : 'ok', formatDuration(milliseconds), ...counts(tally)]
      : [name, 'not run'],
  );
  const table = formatTable([['stage', 'result', 'time', 'passed', 'failed', 'skipped'], ...rows]);
  const total = sum(results.flatMap(({ tally }) => tally ?? []));
  const problems = results.flatMap(
    ({ name, tally }) => tally?.problems.map((problem) => `${name}: ${problem}`) ?? [],
  );
  const measured = figures.map(({ name, value }) => `${name}: ${value}`);
  return [table, ...measured, ...problems, lastLine(total)].join('\n');
}

function counts({ passed, failed, skipped }: Tally): readonly string[] {
  return [passed, failed, skipped].map(String);
}
