import { describe, expect, it } from '@jest/globals';
import { failure, lastLine, nothing, sum, tallyJest } from './jest-report.ts';

function report(...files: readonly { status?: string; tests: readonly string[] }[]): string {
  return JSON.stringify({
    numPassedTests: 99,
    testResults: files.map(({ status = 'passed', tests }, index) => ({
      name: `file-${index}.test.ts`,
      status,
      assertionResults: tests.map((each) => ({ status: each })),
    })),
  });
}

describe('a jest run', () => {
  it('counts tests over all files', () => {
    const text = report(
      { tests: ['passed', 'passed', 'pending'] },
      { status: 'failed', tests: ['passed', 'failed', 'todo'] },
    );

    expect(tallyJest(text, 1)).toEqual({ passed: 3, failed: 1, skipped: 2, problems: [] });
  });

  it('fails for a file that does not load', () => {
    const tally = tallyJest(report({ tests: ['passed'] }, { status: 'failed', tests: [] }), 1);

    expect(tally).toMatchObject({ passed: 1, failed: 1, problems: ['file-1.test.ts failed as a whole'] });
  });

  it('fails for a file whose tests pass and whose clean-up throws', () => {
    expect(tallyJest(report({ status: 'failed', tests: ['passed', 'passed'] }), 1)).toMatchObject({
      passed: 2,
      failed: 1,
    });
  });

  it.each([
    ['no file', report()],
    ['no test', report({ tests: [] })],
    ['only skipped ones', report({ tests: ['pending', 'todo'] })],
  ])('fails with %s', (_, text) => {
    expect(tallyJest(text, 0)).toMatchObject({ passed: 0, failed: 1, problems: ['no test ran'] });
  });

  it('fails when all pass and jest does not', () => {
    expect(tallyJest(report({ tests: ['passed'] }), 1)).toMatchObject({ passed: 1, failed: 1 });
    expect(tallyJest(report({ tests: ['passed'] }), undefined)).toMatchObject({ passed: 1, failed: 1 });
  });

  it.each([undefined, '', '{"testResults":[{"na', '{}'])('fails with the report %j', (text) => {
    expect(tallyJest(text, 0)).toMatchObject({ passed: 0, failed: 1 });
  });
});

it('tallies add up', () => {
  const tally = { passed: 2, failed: 1, skipped: 1, problems: ['a'] };

  expect(sum([tally, failure('b'), nothing])).toEqual({
    passed: 2,
    failed: 2,
    skipped: 1,
    problems: ['a', 'b'],
  });
});

it.each([
  [{ passed: 120, failed: 0, skipped: 0 }, '120 passed, 0 failed'],
  [{ passed: 0, failed: 1, skipped: 2 }, '0 passed, 1 failed, 2 skipped'],
])('%j ends as %j', (counts, line) => {
  expect(lastLine({ ...counts, problems: [] })).toBe(line);
});
