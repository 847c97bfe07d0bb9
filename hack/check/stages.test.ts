import { describe, expect, it } from '@jest/globals';
import { failure, nothing } from './jest-report.ts';
import { isPointless, planFrom, readFigures, summarize } from './stages.ts';

describe('the plan', () => {
  it.each([
    [[], ['lint', 'unit', 'build', 'integration', 'api', 'isolation', 'faults', 'stores', 'e2e'], []],
    [['unit'], ['unit'], []],
    [['unit', 'src/pki'], ['unit'], ['src/pki']],
    [['e2e', 'lint'], ['lint', 'e2e'], []],
    [['unit', '-t', 'unit'], ['unit'], ['-t', 'unit']],
    [
      ['src/pki'],
      ['lint', 'unit', 'build', 'integration', 'api', 'isolation', 'faults', 'stores', 'e2e'],
      ['src/pki'],
    ],
  ])('of %j', (args, stages, jestArguments) => {
    expect(planFrom(args)).toEqual({ stages, isLong: false, jestArguments });
  });

  it('is long when told so, wherever that stands', () => {
    expect(planFrom(['faults', '--long', 'crash'])).toEqual({
      stages: ['faults'],
      isLong: true,
      jestArguments: ['crash'],
    });
  });
});

describe('the end-to-end stage', () => {
  it('is pointless after a build that failed', () => {
    const results = [{ name: 'build', tally: failure('build'), milliseconds: 1 } as const];

    expect(isPointless('e2e', results)).toBe(true);
    expect(isPointless('integration', results)).toBe(false);
  });

  it('runs after other failures, and without a build', () => {
    const results = [{ name: 'unit', tally: failure('x'), milliseconds: 1 } as const];

    expect(isPointless('e2e', results)).toBe(false);
    expect(isPointless('e2e', [])).toBe(false);
  });
});

it('the summary ends with the line that programs read', () => {
  const summary = summarize([
    { name: 'lint', tally: nothing, milliseconds: 21_000 },
    { name: 'unit', tally: { passed: 120, failed: 2, skipped: 1, problems: [] }, milliseconds: 9_000 },
    { name: 'build', tally: failure('ended with 1'), milliseconds: 7_000 },
    { name: 'e2e', tally: undefined, milliseconds: 0 },
  ]);

  expect(summary.split('\n')).toEqual([
    'stage  result   time   passed  failed  skipped',
    'lint   ok        21 s       0       0        0',
    'unit   FAILED   9.0 s     120       2        1',
    'build  FAILED   7.0 s       0       1        0',
    'e2e    not run',
    'build: ended with 1',
    '120 passed, 3 failed, 1 skipped',
  ]);
});

it('figures stand between the table and the last line', () => {
  const figures = readFigures('{"name":"crash points","value":"60 x 2"}\n{"name":"orphans","value":"0"}\n');

  expect(summarize([], figures).split('\n').slice(1)).toEqual([
    'crash points: 60 x 2',
    'orphans: 0',
    '0 passed, 0 failed',
  ]);
});
