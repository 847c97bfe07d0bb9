import { expect, it } from '@jest/globals';
import { formatAge, readDuration } from './duration.ts';

it.each([
  ['90s', 90],
  ['30m', 1_800],
  ['8h', 28_800],
  ['7d', 604_800],
])('%s is %i seconds', (text, seconds) => {
  expect(readDuration(text)).toBe(seconds);
});

it.each(['', '8', 'h', '-1h', '1.5h', '8 h', '1w'])('%j is no duration', (text) => {
  expect(() => readDuration(text)).toThrow(/no duration/);
});

it.each([
  [-5, '0s'],
  [999, '0s'],
  [12_000, '12s'],
  [3_600_000, '1h'],
  [93_784_000, '1d2h'],
  [3_605_000, '1h'],
])('%i ms are shown as %s', (ms, text) => {
  expect(formatAge(ms)).toBe(text);
});
