import { describe, expect, it } from '@jest/globals';
import { demandsOf, type RestoreResult } from './restore.ts';

const quiet = { requests: 300, failed: 0, p50Ms: 4, p99Ms: 50, maxMs: 60, failures: [] };
const result: RestoreResult = {
  entries: 10_278,
  contentBytes: 12_000_000,
  archiveBytes: 500_000,
  backupMs: 10_000,
  deleteMs: 10_000,
  loadMs: 20_000,
  readyMs: 20_000,
  isSame: true,
  neighbourBefore: quiet,
  neighbourDuring: { ...quiet, p99Ms: 60 },
  neighbourWhileCopied: quiet,
  loadBefore: 0.4,
};
const options = {
  objects: 10_000,
  within: 60,
  disturbance: 20,
  neighbour: { namespace: 'default', name: 'demo' },
};

describe('demandsOf a restore', () => {
  it('are met in time, by the same contents, beside a neighbour that hardly notices', () => {
    expect(demandsOf(result, options).map(({ isMet }) => isMet)).toEqual([true, true, true, true]);
  });

  it.each<[string, Partial<RestoreResult>]>([
    ['a backup that takes too long', { backupMs: 10_001 }],
    ['other contents', { isSame: false }],
    ['a neighbour that waits', { neighbourDuring: { ...quiet, p99Ms: 61 } }],
    ['a neighbour whose write fails', { neighbourDuring: { ...quiet, failed: 1 } }],
  ])('are not met with %s', (_, change) => {
    expect(demandsOf({ ...result, ...change }, options).filter(({ isMet }) => !isMet)).toHaveLength(1);
  });
});
