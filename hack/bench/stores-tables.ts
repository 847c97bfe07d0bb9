import type { Neighbours } from './neighbours.ts';
import type { ProbeSummary } from './prober.ts';
import { mebibytes, milliseconds, printTable } from './report.ts';
import { compareStores, slowdowns } from './stores-ratios.ts';
import { programs, type Throughput } from './throughput.ts';

export function printThroughput({ loads, memory }: Throughput): void {
  const present = programs.filter((program) => memory.some(({ idleBytes }) => idleBytes.has(program)));
  printTable('One tenant on each store; CPU in percent of one core', [
    ['request', 'in flight', 'store', '/s', 'p50', 'p99', 'failed', ...present, 'CPU each'],
    ...loads.map((each) => [
      each.operation,
      String(each.width),
      each.store,
      each.perSecond.toFixed(0),
      ...times(each),
      ...present.map((program) => each.cpuPercent.get(program)?.toFixed(0) ?? '-'),
      milliseconds(each.cpuMsPerRequest),
    ]),
  ]);
  const comparisons = compareStores(loads);
  if (comparisons.length > 0)
    printTable('Postgres divided by etcd', [
      ['request', 'in flight', '/s', 'p50', 'p99', 'CPU each'],
      ...comparisons.map(({ operation, width, perSecond, p50, p99, cpu }) => [
        operation,
        String(width),
        ...[perSecond, p50, p99, cpu].map(ratio),
      ]),
    ]);
  printTable('Memory (PSS) before and after the loads', [
    ['store', 'objects', ...present],
    ...memory.map(({ store, objects, idleBytes, loadedBytes }) => [
      store,
      String(objects),
      ...present.map((program) => fromTo(idleBytes.get(program), loadedBytes.get(program))),
    ]),
  ]);
}

export function printNeighbours({ quiet, noisy }: Neighbours): void {
  printTable('A quiet tenant on each store; times, and divided by those without noise', [
    ['request', 'quiet on', 'noise on', 'p50', 'p99', 'failed', 'p50 ratio', 'p99 ratio'],
    ...slowdowns(quiet).map(({ kind, store, noise, answers, p50, p99 }) => [
      kind,
      store,
      noise,
      ...times(answers),
      ...[p50, p99].map(ratio),
    ]),
  ]);
  printTable('Each noisy tenant', [
    ['store', 'writes/s', 'p50', 'p99', 'failed'],
    ...noisy.map((each) => [each.store, each.perSecond.toFixed(0), ...times(each)]),
  ]);
}

function times({ p50Ms, p99Ms, failed, requests }: ProbeSummary): readonly string[] {
  return [milliseconds(p50Ms), milliseconds(p99Ms), `${failed} of ${requests}`];
}

function ratio(value: number): string {
  return value.toFixed(2);
}

function fromTo(before: number | undefined, after: number | undefined): string {
  return before === undefined || after === undefined ? '-' : `${mebibytes(before)}, ${mebibytes(after)}`;
}
