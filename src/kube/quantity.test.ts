import { expect, test } from '@jest/globals';
import { isSameQuantity, parseQuantity } from './quantity.ts';

test.each([
  ['0.5', '500m'],
  ['1024Mi', '1Gi'],
  ['1e3', '1k'],
  ['2', '2000m'],
  ['+1', '1'],
  ['.5', '500m'],
  ['0', '0'],
  ['12E', '12e18'],
])('%s is %s', (a, b) => {
  expect(isSameQuantity(a, b)).toBe(true);
});

test.each([
  ['1', '1001m'],
  ['1Gi', '1G'],
  ['1', 'many'],
  ['', ''],
  ['1Zi', '1Zi'],
])('%s is not %s', (a, b) => {
  expect(isSameQuantity(a, b)).toBe(false);
});

test('what is no quantity has no amount', () => {
  expect(['', 'm', '1constructor', '1 Gi', '--1'].map(parseQuantity)).toEqual(Array(5).fill(undefined));
});
