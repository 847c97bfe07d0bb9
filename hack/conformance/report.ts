import { code, table } from '../generate/markdown.ts';
import type { StoreKind } from '../local/datastores.ts';
import { type TestResult, countOf, firstLine } from './results.ts';
import { chunkingTests } from './tests.ts';

/** All that a run was about. */
export interface RunFacts {
  /** ISO 8601, when it began. */
  readonly date: string;
  /** Of the working tree; `-dirty` when that has changes. */
  readonly commit: string;
  /** Image of the Marina that made the tenants. */
  readonly marina: string;
  readonly kubernetes: string;
  readonly kine: string;
  readonly cores: number;
  /** Load of the machine over its last minute, at the end. */
  readonly load: number;
  readonly processes: number;
}

export interface StoreRun {
  readonly kind: StoreKind;
  /** Of its server. */
  readonly version: string;
  readonly results: readonly TestResult[];
  /** Of the run of all tests. */
  readonly seconds: number;
}

const slowest = 10;

/** docs/conformance.md of one run over all stores at once. */
export function renderReport(facts: RunFacts, runs: readonly StoreRun[]): string {
  const sections = [
    '# Conformance',
    introduction(facts, runs),
    '## Result',
    table(
      ['store', 'passed', 'failed', 'skipped', 'not run', 'of', 'duration'],
      runs.map((run) => [titleOf(run), ...counts(run), String(run.results.length), duration(run.seconds)]),
    ),
    '## Lists in pieces, while history goes',
    'The API server hands out a list in pieces of one moment, and has to refuse the rest, then offer to go on without that promise, once\n' +
      'the store has compacted that moment away. On a shared store it is Marina that sees to compaction.',
    table(
      ['test', ...runs.map(titleOf)],
      chunkingTests.map((name) => [shortName(name), ...runs.map(({ results }) => inWords(results, name))]),
    ),
    '## The slowest',
    table(
      ['test', ...runs.map(titleOf)],
      slowestOf(runs).map((name) => [shortName(name), ...runs.map(({ results }) => inWords(results, name))]),
    ),
    ...failures(runs),
    ...secondAttempts(runs),
    `## What this is not

Upstream's suite has 446 conformance tests. These are the ones that a control plane answers for: none needs a running container, but one that
calls a webhook. Its image, agnhost, is built here from the suite's own module and carries upstream's name. The webhook's address is reached by
a route from the management node to the worker. This is no certificate of the CNCF's.`,
  ];
  return `${sections.join('\n\n')}\n`;
}

function introduction(facts: RunFacts, runs: readonly StoreRun[]): string {
  const { date, commit, marina, kubernetes, kine, cores, load, processes } = facts;
  return `Written by ${code('npm run test:conformance')} ([how](development/testing.md#conformance)); do not edit.

Upstream's end-to-end tests, from the module ${code(`k8s.io/kubernetes ${kubernetes}`)}, against a tenant with one worker on each of the local
environment's shared stores, all at once: the tests of
[node-free-tests.txt](../test/conformance/node-free-tests.txt).

${table(
  ['', ''],
  [
    ['date', date.slice(0, 10)],
    ['commit', commit],
    ['Marina', marina],
    ['Kubernetes', kubernetes],
    ['stores', runs.map(titleOf).join(', ')],
    ['kine', `v${kine}`],
    ['machine', `${cores} cores, load ${load.toFixed(1)} at the end`],
    ['processes of the suite', `${processes} for each store`],
  ],
)}`;
}

function counts({ results }: StoreRun): readonly string[] {
  return (['passed', 'failed', 'skipped', 'not run'] as const).map((each) => String(countOf(results, each)));
}

function inWords(results: readonly TestResult[], name: string): string {
  const found = results.find((result) => result.name === name);
  if (!found || found.outcome === 'not run') return 'not run';
  return `${found.outcome}, ${duration(found.seconds)}`;
}

/** By the longer of their times. */
function slowestOf(runs: readonly StoreRun[]): readonly string[] {
  const longest = new Map<string, number>();
  for (const { name, seconds } of runs.flatMap(({ results }) => results))
    longest.set(name, Math.max(seconds, longest.get(name) ?? 0));
  const sorted = [...longest].sort(([, one], [, other]) => other - one);
  return sorted.slice(0, slowest).map(([name]) => name);
}

function failures(runs: readonly StoreRun[]): readonly string[] {
  const rows = runs.flatMap((run) =>
    run.results
      .filter(({ outcome }) => outcome !== 'passed')
      .map(({ name, outcome, message }) => [titleOf(run), shortName(name), outcome, firstLine(message)]),
  );
  if (rows.length === 0) return [];
  return ['## What did not pass', table(['store', 'test', 'outcome', 'what the suite says'], rows)];
}

function secondAttempts(runs: readonly StoreRun[]): readonly string[] {
  const rows = runs.flatMap((run) =>
    run.results.flatMap(({ name, outcome, before }) =>
      before && outcome === 'passed'
        ? [[titleOf(run), shortName(name), before.outcome, firstLine(before.message)]]
        : [],
    ),
  );
  if (rows.length === 0) return [];
  return [
    '## Passed when run again, alone',
    'Not with all the others on the busy machine.',
    table(['store', 'test', 'first', 'what the suite said'], rows),
  ];
}

/** `etcd 3.7.3` */
export function titleOf({ kind, version }: StoreRun): string {
  return `${kind} ${version}`;
}

/** Without the tags that say where upstream runs it. */
function shortName(name: string): string {
  return name.replaceAll(/ \[[^\]]+\](?=( \[|$))/g, '');
}

function duration(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
