import { describe, expect, it } from '@jest/globals';
import { type CrowdResult, demandsOf } from './crowd.ts';

const answers = { requests: 500, failed: 0, p50Ms: 4, p99Ms: 90, maxMs: 200, failures: [] };
const result: CrowdResult = {
  count: 2,
  readyMs: [60_000, 180_000],
  timeline: {},
  restarts: 0,
  neighbourRestarts: 0,
  neighbourBefore: {},
  neighbourDuring: { address: answers, write: answers, read: answers },
  loadBefore: 0.4,
  loadAfter: 12,
};

describe('demandsOf a crowd', () => {
  it('are met by all Ready in time, without a restart and without a failed request', () => {
    expect(demandsOf(result, 180).map(({ isMet }) => isMet)).toEqual([true, true, true]);
  });

  it.each([
    ['one that is late', { readyMs: [1, 180_001] }],
    ['a restart in the crowd', { restarts: 1 }],
    ['a restart of the neighbour', { neighbourRestarts: 1 }],
    ['a failed write', { neighbourDuring: { write: { ...answers, failed: 1 } } }],
    ['a neighbour that was never asked', { neighbourDuring: {} }],
  ])('are not met with %s', (_what, change) => {
    const unmet = demandsOf({ ...result, ...change }, 180).filter(({ isMet }) => !isMet);

    expect(unmet).toHaveLength(1);
  });
});
