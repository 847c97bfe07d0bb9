import { afterEach, expect, it, jest } from '@jest/globals';
import { inEnvironment } from './in-environment.ts';
import type { Environment } from './in-environment.ts';
import { failure, nothing } from './jest-report.ts';
import type { Tally } from './jest-report.ts';

afterEach(() => void jest.restoreAllMocks());

const good: Tally = { ...nothing, passed: 3 };

interface Case {
  readonly what: string;
  readonly state: 'up' | 'stopped' | 'absent';
  readonly up?: boolean;
  readonly down?: boolean;
  readonly work?: Tally;
  readonly steps: readonly string[];
  readonly counts: readonly [passed: number, failed: number];
}

it.each<Case>([
  { what: 'none: made and taken away', state: 'absent', steps: ['up', 'work', 'down'], counts: [3, 0] },
  { what: 'one that is up: left as it was', state: 'up', steps: ['work'], counts: [3, 0] },
  { what: 'one that is stopped: started and left', state: 'stopped', steps: ['up', 'work'], counts: [3, 0] },
  { what: 'up fails', state: 'absent', up: false, steps: ['up', 'logs', 'down'], counts: [0, 1] },
  {
    what: 'up fails on one that was there',
    state: 'stopped',
    up: false,
    steps: ['up', 'logs'],
    counts: [0, 1],
  },
  { what: 'down fails', state: 'absent', down: false, steps: ['up', 'work', 'down'], counts: [3, 1] },
  {
    what: 'the work fails: logs first',
    state: 'absent',
    work: failure('x'),
    steps: ['up', 'work', 'logs', 'down'],
    counts: [0, 1],
  },
])('$what', async ({ state, up = true, down = true, work = good, steps, counts: [passed, failed] }) => {
  const taken: string[] = [];
  const step = <T>(name: string, result: T): Promise<T> => {
    taken.push(name);
    return Promise.resolve(result);
  };
  const environment: Environment = {
    state: () => Promise.resolve(state),
    up: () => step('up', up),
    down: () => step('down', down),
    collectLogs: () => step('logs', undefined),
  };

  const tally = await inEnvironment(environment, () => step('work', work));

  expect(taken).toEqual(steps);
  expect(tally).toMatchObject({ passed, failed });
});

it('is taken down when the work throws and logs cannot be had', async () => {
  jest.spyOn(console, 'error').mockImplementation(() => undefined);
  const taken: string[] = [];
  const environment: Environment = {
    state: () => Promise.resolve('absent'),
    up: () => Promise.resolve(true),
    down: () => Promise.resolve(taken.push('down') > 0),
    collectLogs: () => {
      taken.push('logs');
      return Promise.reject(new Error('no kubectl'));
    },
  };

  const run = inEnvironment(environment, () => Promise.reject(new Error('broken')));

  await expect(run).rejects.toThrow('broken');
  expect(taken).toEqual(['logs', 'down']);
});
