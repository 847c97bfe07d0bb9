import { describe, expect, it } from '@jest/globals';
import { summarizeQuiet } from './neighbours.ts';

describe('summarizeQuiet', () => {
  it('puts the rounds of one tenant under the same noise together', () => {
    const write = (ms: number) => [{ kind: 'write', ms } as const];
    const figures = summarizeQuiet([
      { store: 'etcd', noise: 'none', records: write(2) },
      { store: 'etcd', noise: 'etcd', records: write(9) },
      { store: 'postgres', noise: 'none', records: write(5) },
      { store: 'etcd', noise: 'none', records: write(4) },
    ]);

    const brief = figures.map(({ store, noise, answers }) => [store, noise, answers.write?.maxMs]);
    expect(brief).toEqual([
      ['etcd', 'none', 4],
      ['etcd', 'etcd', 9],
      ['postgres', 'none', 5],
    ]);
  });
});
