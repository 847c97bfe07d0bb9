import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, loadavg, totalmem } from 'node:os';
import path from 'node:path';
import { formatTable } from '../check/table.ts';

/** Writes what was measured, and on what, to `<stateDirectory>/bench/<name>-<date>.json`. */
export async function save(stateDirectory: string, name: string, results: unknown): Promise<void> {
  const directory = path.join(stateDirectory, 'bench');
  await mkdir(directory, { recursive: true });
  const date = new Date().toISOString();
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  const machine = { cores: cpus().length, memoryBytes: totalmem(), model: cpus()[0]?.model };
  const file = path.join(directory, `${name}-${date.replace(/[:.]/g, '-')}.json`);
  await writeFile(file, `${JSON.stringify({ date, commit, machine, results }, mapsAsObjects, 2)}\n`);
  console.log(`\n${file}`);
}

export function printRows(title: string, rows: readonly (readonly [name: string, value: string])[]): void {
  console.log(`\n${title}`);
  for (const [name, value] of rows) console.log(`  ${name.padEnd(42)} ${value}`);
}

/** @param rows the first one is the heading */
export function printTable(title: string, rows: readonly (readonly string[])[]): void {
  console.log(`\n${title}`);
  console.log(formatTable(rows).replaceAll(/^/gm, '  '));
}

/** A demand on a measurement, e.g. `0 container restarts`. */
export interface Demand {
  readonly what: string;
  readonly found: string;
  readonly isMet: boolean;
}

/** Prints each; one that is not met makes the process end with status 1. */
export function printDemands(demands: readonly Demand[]): void {
  console.log('');
  for (const { what, found, isMet } of demands) {
    console.log(`  ${isMet ? 'met    ' : 'NOT MET'} ${what.padEnd(42)} ${found}`);
    if (!isMet) process.exitCode = 1;
  }
}

/** What else was going on: the load of the last minute, by which figures have to be read. */
export function loadOfMachine(): number {
  return loadavg()[0] ?? Number.NaN;
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

export function milliseconds(ms: number): string {
  return `${ms.toFixed(ms < 10 ? 1 : 0)} ms`;
}

export function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 1024 / 1024)} MiB`;
}

function mapsAsObjects(_key: string, value: unknown): unknown {
  return value instanceof Map ? Object.fromEntries(value) : value;
}
