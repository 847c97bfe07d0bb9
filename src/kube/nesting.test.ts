import { expect, test } from '@jest/globals';
import { isNestedDeeper } from './nesting.ts';

const nested = (levels: number): unknown =>
  JSON.parse('[{"a":'.repeat(levels / 2) + '1' + '}]'.repeat(levels / 2));

test('counts lists and objects alike', () => {
  expect(isNestedDeeper(nested(64))).toBe(false);
  expect(isNestedDeeper(nested(66))).toBe(true);
  expect(isNestedDeeper('text', 0)).toBe(false);
});

test('is not impressed by what the deepest JSON of an API server is', () => {
  expect(isNestedDeeper(nested(10_000))).toBe(true);
});
