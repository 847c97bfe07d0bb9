import { describe, expect, it } from '@jest/globals';
import { lifetime, lifetimeMs } from './duration.ts';

describe('lifetimeMs', () => {
  it.each([
    ['1m', 60_000],
    ['90m', 5_400_000],
    ['8h', 28_800_000],
    ['30d', 2_592_000_000],
  ])('takes %s', (text, ms) => {
    expect(lifetimeMs(text)).toBe(ms);
  });

  it.each(['0h', '8', 'h', '-1h', '1.5h', '1h30m', '8 h', '100000d', ''])(
    'refuses %j as the schema does',
    (text) => {
      expect(lifetime.safeParse(text).success).toBe(false);
      expect(() => lifetimeMs(text)).toThrow('no lifetime');
    },
  );
});
