import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { LocalError } from './errors.ts';
import { StepFailed, Steps, formatSeconds } from './steps.ts';

describe('Steps', () => {
  let directory: string;
  let printed: string[];
  let clock: number;
  let steps: Steps;

  beforeEach(async () => {
    directory = await mkdtemp(path.join(os.tmpdir(), 'marina-steps-'));
    printed = [];
    clock = 0;
    steps = new Steps(directory, { print: (line) => printed.push(line), now: () => clock });
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('says what is done and how long it took, and keeps what programs printed in the log', async () => {
    const output = await steps.run({ key: 'greet', title: 'Greeting' }, async (shell) => {
      shell.progress('half way');
      clock = 2_340;
      return await shell.run('sh', ['-c', 'echo to out; echo to err >&2']);
    });

    expect(output).toBe('to out\n');
    expect(printed).toEqual(['> Greeting', '    half way', '  done in 2.3 s']);
    const log = await readFile(path.join(directory, 'greet.log'), 'utf8');
    expect(log).toContain('to out');
    expect(log).toContain('to err');
    expect(steps.times).toEqual([{ title: 'Greeting', milliseconds: 2_340 }]);
  });

  it('says of a failed step what, why, where the log is and what to do', async () => {
    const failing = steps.run({ key: 'fail', title: 'Failing', remedy: 'run it again' }, (shell) =>
      shell.run('sh', ['-c', 'echo no such luck >&2; exit 3']),
    );

    await expect(failing).rejects.toThrow(StepFailed);
    const text = printed.join('\n');
    expect(text).toContain('what: sh -c');
    expect(text).toContain('why:  no such luck');
    expect(text).toContain(path.join(directory, 'fail.log'));
    expect(text).toContain('try:  run it again');
  });

  it('prefers the advice of the error to that of the step', async () => {
    const failing = steps.run({ key: 'busy', title: 'Busy', remedy: 'general' }, async () => {
      throw new LocalError({ code: 'Busy', operation: 'take port', message: 'taken', remedy: 'special' });
    });

    await expect(failing).rejects.toThrow(StepFailed);
    expect(printed).toContain('    try:  special');
  });

  it('reports a program that is not there', async () => {
    const failing = steps.run({ key: 'none', title: 'Missing program' }, (shell) =>
      shell.run('no-such-program', []),
    );

    await expect(failing).rejects.toThrow(StepFailed);
    expect(printed.join('\n')).toContain('ENOENT');
  });
});

describe('formatSeconds', () => {
  it('is as exact as the time is short', () => {
    expect(formatSeconds(420)).toBe('0.4 s');
    expect(formatSeconds(21_400)).toBe('21 s');
    expect(formatSeconds(59_700)).toBe('1 min 0 s');
    expect(formatSeconds(185_000)).toBe('3 min 5 s');
  });
});
