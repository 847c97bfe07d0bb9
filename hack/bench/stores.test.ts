import { describe, expect, it } from '@jest/globals';
import { demandsOf, type StoresResult } from './stores.ts';

const answers = { requests: 100, failed: 0, p50Ms: 10, p99Ms: 40, maxMs: 50, failures: [] };
const failed = { ...answers, failed: 1, failures: ['timeout'] };
const load = { ...answers, store: 'etcd', perSecond: 20 } as const;
const result: StoresResult = {
  kinds: ['etcd'],
  seconds: 5,
  quietSeconds: 30,
  rounds: 1,
  throughput: {
    loads: [{ ...load, operation: 'create', width: 1, cpuPercent: new Map(), cpuMsPerRequest: 1 }],
    memory: [],
  },
  neighbours: { quiet: [{ store: 'etcd', noise: 'etcd', answers: { write: answers } }], noisy: [load] },
  restarts: 0,
  loadBefore: 0.4,
  loadAfter: 12,
};

describe('demandsOf stores', () => {
  it('are met when every request was answered', () => {
    expect(demandsOf(result).map(({ isMet }) => isMet)).toEqual([true, true, true]);
  });

  it.each<[string, Partial<StoresResult>]>([
    ['a failed request of a load', { neighbours: { ...result.neighbours, noisy: [{ ...load, ...failed }] } }],
    [
      "a quiet tenant's failed request",
      {
        neighbours: {
          ...result.neighbours,
          quiet: [{ store: 'etcd', noise: 'none', answers: { read: failed } }],
        },
      },
    ],
    ['a quiet tenant that was never asked', { neighbours: { ...result.neighbours, quiet: [] } }],
    ['a restart', { restarts: 1 }],
  ])('are not met with %s', (_, change) => {
    expect(demandsOf({ ...result, ...change }).filter(({ isMet }) => !isMet)).toHaveLength(1);
  });
});
