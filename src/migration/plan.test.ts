import { describe, expect, it } from '@jest/globals';
import type { Migration, TenantControlPlane } from '../api/v1alpha1/tenant-control-plane.ts';
import { aTenant } from '../../test/support/tenant.ts';
import { planMigration } from './plan.ts';

const time = '2026-11-21T08:00:00Z';

describe('a migration', () => {
  it('begins when another store is wanted than the state is in', () => {
    expect(planMigration(tenant('one', 'one'))).toEqual({ do: 'nothing' });
    expect(planMigration(tenant('two', 'one'))).toEqual({ do: 'begin', from: 'one', to: 'two' });
  });

  it('is nothing for a control plane without a state, or one that goes', () => {
    const unborn = { ...tenant('two', 'one'), status: {} };
    expect(planMigration(unborn)).toEqual({ do: 'nothing' });
    const going = tenant('two', 'one');
    expect(planMigration({ ...going, metadata: { ...going.metadata, deletionTimestamp: time } })).toEqual({
      do: 'nothing',
    });
  });

  it('goes through its phases, and on after a crash from the one that is recorded', () => {
    expect(planMigration(tenant('two', 'one', 'Copying')).do).toBe('copy');
    expect(planMigration(tenant('two', 'one', 'ReadOnly')).do).toBe('switch');
    expect(planMigration(tenant('two', 'two', 'Switched')).do).toBe('nothing');
    expect(planMigration(serving(tenant('two', 'two', 'Switched'), 'one')).do).toBe('nothing');
    expect(planMigration(serving(tenant('two', 'two', 'Switched'), 'two')).do).toBe('complete');
    expect(planMigration(tenant('two', 'two', 'Complete')).do).toBe('nothing');
  });

  it('is given up when the wish is taken back, or is for a third store', () => {
    for (const wanted of ['one', 'three']) {
      for (const phase of ['Copying', 'ReadOnly'] as const) {
        expect(planMigration(tenant(wanted, 'one', phase)).do).toBe('abort');
      }
    }
  });

  it('keeps the partition from before until somebody says otherwise', () => {
    const moved = tenant('two', 'two', 'Complete');
    expect(planMigration(annotated(moved, 'one')).do).toBe('discard');
    expect(planMigration(annotated(moved, 'two')).do).toBe('nothing');
    expect(planMigration(tenant('one', 'two', 'Complete'))).toEqual({ do: 'begin', from: 'two', to: 'one' });
    expect(planMigration(tenant('three', 'two', 'Complete')).do).toBe('wait');
  });
});

function tenant(wanted: string, dataStore: string, phase?: Migration['phase']): TenantControlPlane {
  return {
    ...aTenant({ dataStore: wanted }),
    status: {
      dataStore,
      timeline: [{ step: 'PartitionReady', time, milliseconds: 1 }],
      ...(phase && { migration: { from: 'one', to: 'two', phase, startedAt: time } }),
    },
  };
}

function serving(moved: TenantControlPlane, runningOn: string): TenantControlPlane {
  const ready = {
    type: 'Ready',
    status: 'True',
    reason: 'Joinable',
    message: '',
    lastTransitionTime: time,
  } as const;
  return { ...moved, status: { ...moved.status, runningOn, conditions: [ready] } };
}

function annotated(moved: TenantControlPlane, store: string): TenantControlPlane {
  const annotations = { 'marina.dev/discard-previous-partition': store };
  return { ...moved, metadata: { ...moved.metadata, annotations } };
}
