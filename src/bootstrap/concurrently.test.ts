import { expect, test } from '@jest/globals';

import { concurrently } from './concurrently.ts';

test('keeps the order of the items and never has more than the limit under way', async () => {
  let underWay = 0;
  let most = 0;

  const results = await concurrently(3, [5, 1, 4, 2, 3, 0], async (turns) => {
    most = Math.max(most, ++underWay);
    for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
    underWay -= 1;
    return turns * 10;
  });

  expect(results).toEqual([50, 10, 40, 20, 30, 0]);
  expect(most).toBe(3);
});

test('passes a rejection on', async () => {
  const failing = concurrently(2, [1, 2, 3], (item) => Promise.reject(new Error(`item ${item}`)));

  await expect(failing).rejects.toThrow('item 1');
});
