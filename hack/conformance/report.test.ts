import { describe, expect, it } from '@jest/globals';
import { type StoreRun, renderReport } from './report.ts';
import type { TestResult } from './results.ts';
import { chunkingTests } from './tests.ts';

const facts = {
  date: '2026-11-21T17:00:00.000Z',
  commit: 'abc1234',
  marina: 'localhost/marina:1',
  kubernetes: 'v1.36.3',
  kine: '0.16.4',
  cores: 2,
  load: 1.25,
  processes: 2,
};
const [chunks, compacted] = chunkingTests;

function passed(name: string, seconds: number): TestResult {
  return { name, outcome: 'passed', seconds };
}

function lineWith(report: string, text: string): string | undefined {
  return report.split('\n').find((line) => line.includes(text));
}

describe('renderReport', () => {
  const etcd: StoreRun = {
    kind: 'etcd',
    version: '3.7.3',
    seconds: 700,
    results: [passed(chunks, 4), passed(compacted, 140), passed('[sig-a] quick [Conformance]', 0.1)],
  };
  const postgres: StoreRun = {
    kind: 'postgres',
    version: '18.4',
    seconds: 65,
    results: [
      passed(chunks, 5),
      { name: compacted, outcome: 'failed', seconds: 617, message: 'timed out\nat line 9' },
      { name: '[sig-a] quick [Conformance]', outcome: 'not run', seconds: 0 },
    ],
  };

  it('counts each outcome of each store, with its time', () => {
    const report = renderReport(facts, [etcd, postgres]);

    expect(report).toContain('| etcd 3.7.3 | 3 | 0 | 0 | 0 | 3 | 11 min 40 s |');
    expect(report).toContain('| postgres 18.4 | 1 | 1 | 0 | 1 | 3 | 1 min 5 s |');
  });

  it('names both chunking tests and what became of them', () => {
    const report = renderReport(facts, [etcd, postgres]);

    expect(lineWith(report, 'return chunks of results')).toMatch(/\| passed, 4\.0 s \| passed, 5\.0 s \|$/);
    expect(lineWith(report, 'compacted away')).toMatch(/\| passed, 2 min 20 s \| failed, 10 min 17 s \|$/);
  });

  it('says of each test that did not pass where and why', () => {
    const report = renderReport(facts, [etcd, postgres]).split('## What did not pass')[1] ?? '';

    expect(lineWith(report, 'compacted away')).toMatch(/^\| postgres 18\.4 .* failed \| timed out \|$/);
    expect(lineWith(report, 'quick')).toContain('not run');
  });

  it('tells which passed only when run again', () => {
    const [first, ...others] = etcd.results;
    const before = { outcome: 'failed', message: 'timed out' } as const;
    const results = first ? [{ ...first, before }, ...others] : [];

    const report = renderReport(facts, [{ ...etcd, results }]);

    expect(report).not.toContain('What did not pass');
    const section = report.split('## Passed when run again')[1] ?? '';
    expect(lineWith(section, 'return chunks')).toMatch(/^\| etcd 3\.7\.3 .* failed \| timed out \|$/);
  });

  it('has neither section when all passed at once', () => {
    expect(renderReport(facts, [etcd])).not.toMatch(/did not pass|run again/);
  });
});
