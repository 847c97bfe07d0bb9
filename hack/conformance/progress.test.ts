import { describe, expect, it } from '@jest/globals';
import { type FinishedTest, readProgress } from './progress.ts';

const tests = ['[sig-a] Thing does it [Conformance]', '[sig-a] Thing does more [Slow] [Conformance]'];

function finishedIn(output: string): readonly FinishedTest[] {
  const finished: FinishedTest[] = [];
  const read = readProgress(tests, (test) => void finished.push(test));
  for (const line of output.split('\n')) read(line);
  return finished;
}

describe('readProgress', () => {
  it('names each test that ended, with its time', () => {
    const output = `Will run 2 of 7579 specs
[SynchronizedBeforeSuite] PASSED [0.039 seconds]
------------------------------
• [38.364 seconds]
[sig-a] Thing does it [Conformance] [sig-a, Conformance]
k8s.io/kubernetes@v1.36.3/test/e2e/a.go:12
------------------------------
SSSSSSSS
• [0.275 seconds]
[sig-a] Thing does more [Slow] [Conformance] [sig-a, Slow, Conformance]`;

    expect(finishedIn(output)).toEqual([
      { name: tests[0], isPassed: true, seconds: 38.364 },
      { name: tests[1], isPassed: true, seconds: 0.275 },
    ]);
  });

  it('knows the output of a single process, which names a test when it begins', () => {
    const output = `------------------------------
[sig-a] Thing does it [Conformance] [sig-a, Conformance]
k8s.io/kubernetes@v1.36.3/test/e2e/a.go:12
  STEP: Creating a kubernetes client
• [2.500 seconds]
------------------------------
• [1.000 seconds]
------------------------------`;

    expect(finishedIn(output)).toEqual([{ name: tests[0], isPassed: true, seconds: 2.5 }]);
  });

  it.each([
    ['• [FAILED] [617.100 seconds]', '[sig-a] Thing [It] does it [Conformance] [sig-a, Conformance]'],
    ['• [PANICKED] [1.000 seconds]', '[sig-a] Thing [BeforeEach] does it [Conformance]'],
  ])('knows a test that failed: %s', (header, name) => {
    expect(finishedIn(`${header}\n${name}`)).toMatchObject([{ name: tests[0], isPassed: false }]);
  });

  it('passes over what is none of the tests', () => {
    expect(finishedIn('• [1.000 seconds]\n[sig-b] foreign')).toEqual([]);
  });
});
