import { describe, expect, it } from '@jest/globals';
import type { DataStore, DataStoreStatus } from '../../api/v1alpha1/data-store.ts';
import { toCandidate } from './candidate.ts';

const now = '2026-11-21T08:00:00Z';

function condition(type: string, status: 'True' | 'False', reason: string) {
  return { type, status, reason, message: '', lastTransitionTime: now, observedGeneration: 1 };
}

const ready = condition('Ready', 'True', 'Healthy');

function store(status: DataStoreStatus, metadata: Partial<DataStore['metadata']> = {}): DataStore {
  return { metadata: { name: 'a', generation: 1, ...metadata }, spec: {}, status } as DataStore;
}

describe('toCandidate', () => {
  it('finds nothing against a store that is Ready', () => {
    expect(toCandidate(store({ conditions: [ready] }), 3)).toEqual({
      name: 'a',
      labels: {},
      usedShare: 0,
      tenants: 3,
    });
  });

  it.each<[string, DataStore]>([
    ['is being deleted', store({ conditions: [ready] }, { deletionTimestamp: now })],
    ['has not been looked at yet', store({})],
    ['has not been looked at yet', store({ conditions: [ready] }, { generation: 2 })],
    ['is not Ready (StoreChanged)', store({ conditions: [condition('Ready', 'False', 'StoreChanged')] })],
    [
      'has too little left (SpaceVeryLow)',
      store({ conditions: [ready, condition('SpaceAvailable', 'False', 'SpaceVeryLow')] }),
    ],
    [
      'has too little left (ConnectionsVeryLow)',
      store({ conditions: [ready, condition('ConnectionsAvailable', 'False', 'ConnectionsVeryLow')] }),
    ],
    ['has all the control planes that it is good for (3)', store({ conditions: [ready], tenantCapacity: 3 })],
  ])('%s', (obstacle, dataStore) => {
    expect(toCandidate(dataStore, 3).obstacle).toBe(obstacle);
  });

  it('takes one more where space is low, and up to the capacity', () => {
    const low = condition('SpaceAvailable', 'False', 'SpaceLow');

    expect(toCandidate(store({ conditions: [ready, low], tenantCapacity: 4 }), 3)).not.toHaveProperty(
      'obstacle',
    );
  });

  it('counts what is scarcest, and what was placed and shows in no figure yet', () => {
    const used = (status: DataStoreStatus, tenants = 0) => toCandidate(store(status), tenants).usedShare;

    expect(used({ quotaBytes: 2 ** 30, quotaPercent: 40, connections: { used: 10, limit: 100 } })).toBe(0.4);
    expect(used({ quotaBytes: 2 ** 30, quotaPercent: 5, connections: { used: 60, limit: 100 } })).toBe(0.6);
    expect(used({ quotaBytes: 2 ** 30, quotaPercent: 0 }, 32)).toBe(0.5);
    expect(used({ tenantCapacity: 40 }, 30)).toBe(0.75);
  });
});
