import { describe, expect, it } from '@jest/globals';
import { type Candidate, chooseDataStore } from './choose.ts';

function store(name: string, facts: Partial<Candidate> = {}): Candidate {
  return { name, labels: {}, usedShare: 0, tenants: 0, ...facts };
}

describe('chooseDataStore', () => {
  it('takes the one with most room', () => {
    const stores = [store('full', { usedShare: 0.6 }), store('empty', { usedShare: 0.1, tenants: 90 })];

    expect(chooseDataStore(stores)).toEqual({ chosen: 'empty' });
  });

  it('takes the one with fewest control planes where the room is about the same, then the first by name', () => {
    const alike = [
      store('c', { usedShare: 0.11, tenants: 3 }),
      store('b', { usedShare: 0.14, tenants: 2 }),
      store('a', { usedShare: 0.12, tenants: 3 }),
    ];

    expect(chooseDataStore(alike)).toEqual({ chosen: 'b' });
    expect(chooseDataStore(alike.filter(({ name }) => name !== 'b'))).toEqual({ chosen: 'a' });
  });

  it('takes no store that refuses more, however much room it has', () => {
    const stores = [
      store('broken', { obstacle: 'is not Ready (Unhealthy)' }),
      store('busy', { usedShare: 0.7 }),
    ];

    expect(chooseDataStore(stores)).toEqual({ chosen: 'busy' });
  });

  it('takes only what the selector matches', () => {
    const stores = [
      store('a', { labels: { tier: 'spare' } }),
      store('b', { labels: { tier: 'gold' }, usedShare: 0.5 }),
    ];

    expect(chooseDataStore(stores, { matchLabels: { tier: 'gold' } })).toEqual({ chosen: 'b' });
  });

  it('says of each store why not, in the order of their names', () => {
    const stores = [
      store('far', { labels: { zone: 'far' } }),
      store('down', { labels: { zone: 'near' }, obstacle: 'is not Ready (Unhealthy)' }),
    ];

    expect(chooseDataStore(stores, { matchLabels: { zone: 'near' } })).toEqual({
      chosen: undefined,
      why: 'No DataStore fits: down is not Ready (Unhealthy); far is not selected by spec.dataStoreSelector.',
    });
    expect(chooseDataStore([])).toEqual({ chosen: undefined, why: 'There is no DataStore.' });
  });
});
