import { describe, expect, it } from '@jest/globals';
import { readResults, withAgain } from './results.ts';

function spec(name: string, state: string, message?: string): object {
  return {
    ContainerHierarchyTexts: ['[sig-a] Things'],
    LeafNodeText: name,
    LeafNodeType: 'It',
    State: state,
    RunTime: 1_500_000_000,
    ...(message && { Failure: { Message: message } }),
  };
}

function report(...specs: readonly object[]): string {
  return JSON.stringify([
    { SpecReports: [{ ContainerHierarchyTexts: null, LeafNodeText: '', State: 'passed' }, ...specs] },
  ]);
}

function outcomeOf(state: string, message?: string): unknown {
  return readResults(report(spec('work', state, message)), ['[sig-a] Things work'])[0];
}

describe('readResults', () => {
  it('gives what passed, with its time', () => {
    expect(outcomeOf('passed')).toEqual({ name: '[sig-a] Things work', outcome: 'passed', seconds: 1.5 });
  });

  it.each(['failed', 'panicked', 'timedout', 'interrupted', 'aborted'])('counts %s as failed', (state) => {
    expect(outcomeOf(state, 'it broke')).toMatchObject({ outcome: 'failed', message: 'it broke' });
  });

  it('tells a test that skipped itself from one that was never reached', () => {
    expect(outcomeOf('skipped', 'needs two nodes')).toMatchObject({ outcome: 'skipped' });
    expect(outcomeOf('skipped')).toMatchObject({ outcome: 'not run' });
  });

  it('has a result for every test, in their order, whatever the report holds', () => {
    const json = report(spec('b', 'passed'), spec('foreign', 'failed'), spec('a', 'passed'));

    const results = readResults(json, ['[sig-a] Things a', '[sig-a] Things b', '[sig-a] Things c']);

    expect(results.map(({ outcome }) => outcome)).toEqual(['passed', 'passed', 'not run']);
  });

  it('takes a run that left no report for one in which nothing ran', () => {
    expect(readResults(undefined, ['a'])).toEqual([{ name: 'a', outcome: 'not run', seconds: 0 }]);
  });
});

describe('withAgain', () => {
  it('puts a second result in the place of the first, which it remembers', () => {
    const first = [
      { name: 'a', outcome: 'passed', seconds: 1 },
      { name: 'b', outcome: 'failed', seconds: 30, message: 'too slow' },
    ] as const;

    const merged = withAgain(first, [{ name: 'b', outcome: 'passed', seconds: 3 }]);

    expect(merged).toEqual([
      first[0],
      { name: 'b', outcome: 'passed', seconds: 3, before: { outcome: 'failed', message: 'too slow' } },
    ]);
  });

  it('remembers the run of all tests, however often one is run again', () => {
    const first = [{ name: 'b', outcome: 'failed', seconds: 30, message: 'first' }] as const;
    const second = [{ name: 'b', outcome: 'failed', seconds: 3, message: 'second' }] as const;
    const third = [{ name: 'b', outcome: 'passed', seconds: 3 }] as const;

    const [merged] = withAgain(withAgain(first, second), third);

    expect(merged).toMatchObject({ outcome: 'passed', before: { outcome: 'failed', message: 'first' } });
  });
});
