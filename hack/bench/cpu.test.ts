import { describe, expect, it } from '@jest/globals';
import { cpuSecondsIn } from './cpu.ts';

describe('cpuSecondsIn', () => {
  it('adds up own time and that of children, user and system, of a program of whatever name', () => {
    const stat = '7 (a) b (c) S 1 7 7 0 -1 4194560 100 0 0 0 150 50 20 5 20 0 9 0 12345 1000 200';

    expect(cpuSecondsIn(stat)).toBe(2.25);
  });

  it('is nothing for a process that has ended', () => {
    expect(cpuSecondsIn('')).toBe(0);
  });
});
