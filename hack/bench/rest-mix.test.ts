import { expect, test } from '@jest/globals';
import { operationOf, restOperations, slopeOf } from './rest-mix.ts';

test('of a hundred requests 80 read, 15 make or change, and 5 delete', () => {
  const drawn = Array.from({ length: 100 }, (_, index) => operationOf(index));
  const counts = restOperations.map((operation) => drawn.filter((each) => each === operation).length);

  expect(Object.fromEntries(restOperations.map((operation, index) => [operation, counts[index]]))).toEqual({
    get: 60,
    list: 20,
    create: 5,
    patch: 10,
    delete: 5,
  });
});

test('the slope of values is what they grow by in a second', () => {
  const samples = [0, 10, 20, 30].map((seconds) => ({ seconds, bytes: 1_000 + 3 * seconds }));

  expect(slopeOf(samples)).toBeCloseTo(3);
  expect(slopeOf(samples.map(({ seconds }) => ({ seconds, bytes: 5 })))).toBe(0);
  expect(() => slopeOf([{ seconds: 1, bytes: 1 }])).toThrow(RangeError);
});
