import { describe, expect, it } from '@jest/globals';
import { summarize } from './prober.ts';

describe('summarize', () => {
  it('takes the times of good answers and counts the others', () => {
    const good = [10, 20, 30, 40].map((ms) => ({ kind: 'read' as const, ms }));
    const late = { kind: 'read' as const, ms: 10_000, failure: 'timeout' };

    expect(summarize([...good, late, late])).toEqual({
      read: { requests: 6, failed: 2, p50Ms: 20, p99Ms: 40, maxMs: 40, failures: ['timeout'] },
    });
  });
});
