import { describe, expect, it } from '@jest/globals';
import type { QuietFigures } from './neighbours.ts';
import { compareStores, slowdowns } from './stores-ratios.ts';
import type { LoadFigures } from './throughput.ts';

const answers = { requests: 100, failed: 0, p50Ms: 10, p99Ms: 40, maxMs: 50, failures: [] };
const etcd: LoadFigures = {
  ...answers,
  store: 'etcd',
  operation: 'create',
  width: 16,
  perSecond: 400,
  cpuPercent: new Map(),
  cpuMsPerRequest: 2,
};
const postgres: LoadFigures = {
  ...etcd,
  store: 'postgres',
  perSecond: 300,
  p50Ms: 15,
  p99Ms: 80,
  cpuMsPerRequest: 3,
};

describe('compareStores', () => {
  it('divides the figures of Postgres by those of etcd under the same load', () => {
    const other: LoadFigures = { ...etcd, width: 1, perSecond: 1 };

    expect(compareStores([other, etcd, postgres])).toEqual([
      { operation: 'create', width: 16, perSecond: 0.75, p50: 1.5, p99: 2, cpu: 1.5 },
    ]);
  });

  it('has nothing to say of one store alone', () => {
    expect(compareStores([postgres])).toEqual([]);
  });
});

describe('slowdowns', () => {
  const still: QuietFigures = { store: 'etcd', noise: 'none', answers: { write: answers } };
  const noisy: QuietFigures = {
    store: 'etcd',
    noise: 'etcd',
    answers: { write: { ...answers, p50Ms: 30, p99Ms: 60 } },
  };

  it('relate a tenant to itself without noise', () => {
    const elsewhere: QuietFigures = {
      ...still,
      store: 'postgres',
      answers: { write: { ...answers, p50Ms: 1 } },
    };

    const [, own] = slowdowns([still, noisy, elsewhere]);

    expect(own).toMatchObject({ store: 'etcd', noise: 'etcd', kind: 'write', p50: 3, p99: 1.5 });
  });

  it('are unknown where there was no watch without noise', () => {
    expect(slowdowns([noisy])).toMatchObject([{ p50: Number.NaN, p99: Number.NaN }]);
  });
});
