import { describe, expect, it } from '@jest/globals';
import { type LoadSample, summarizeSamples } from './throughput.ts';

function sample(change: Partial<LoadSample>): LoadSample {
  return {
    store: 'postgres',
    operation: 'create',
    width: 1,
    outcome: { good: [4, 6], failures: [], elapsedMs: 1000 },
    cpuSeconds: new Map([
      ['kube-apiserver', 0.3],
      ['kine', 0.1],
    ]),
    ...change,
  };
}

describe('summarizeSamples', () => {
  it('puts the rounds of one kind of load together, and CPU in relation to their time and requests', () => {
    const slow = sample({
      outcome: { good: [8], failures: ['timeout'], elapsedMs: 3000 },
      cpuSeconds: new Map([['kine', 0.4]]),
    });

    const [figures, ...others] = summarizeSamples([sample({}), slow]);

    expect(others).toEqual([]);
    expect(figures).toMatchObject({ requests: 4, failed: 1, perSecond: 0.75, p50Ms: 6 });
    expect(figures?.cpuPercent.get('kube-apiserver')).toBeCloseTo(7.5);
    expect(figures?.cpuPercent.get('kine')).toBeCloseTo(12.5);
    expect(figures?.cpuMsPerRequest).toBeCloseTo(200);
  });

  it('keeps stores, requests and widths apart', () => {
    const samples = [
      sample({}),
      sample({ store: 'etcd' }),
      sample({ operation: 'get' }),
      sample({ width: 16 }),
    ];

    expect(summarizeSamples(samples)).toHaveLength(4);
  });
});
