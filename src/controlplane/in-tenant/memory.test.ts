import { describe, expect, it } from '@jest/globals';
import { needsLook } from './memory.ts';

const seen = { inputHash: 'a', incarnations: 'pod/0', checkedAtMs: 1000 };

describe('needsLook', () => {
  it.each([
    {
      when: 'at birth',
      memory: undefined,
      current: { inputHash: 'a', incarnations: 'pod/0' },
      nowMs: 1000,
      looks: true,
    },
    {
      when: 'not when nothing changed',
      memory: seen,
      current: { inputHash: 'a', incarnations: 'pod/0' },
      nowMs: 2000,
      looks: false,
    },
    {
      when: 'after a change of the wish',
      memory: seen,
      current: { inputHash: 'b', incarnations: 'pod/0' },
      nowMs: 2000,
      looks: true,
    },
    {
      when: 'after a restart',
      memory: seen,
      current: { inputHash: 'a', incarnations: 'pod/1' },
      nowMs: 2000,
      looks: true,
    },
    {
      when: 'at the resync',
      memory: seen,
      current: { inputHash: 'a', incarnations: 'pod/0' },
      nowMs: 301_000,
      looks: true,
    },
  ])('$when: $looks', ({ memory, current, nowMs, looks }) => {
    expect(needsLook(memory, current, nowMs, 300_000)).toBe(looks);
  });
});
