import { describe, expect, it } from '@jest/globals';
import type { BudgetEnforcement } from '../../api/v1alpha1/storage-budget.ts';
import type { Migration, TenantControlPlane } from '../../api/v1alpha1/tenant-control-plane.ts';
import { aTenant } from '../../../test/support/tenant.ts';
import { accessTo, storeOf, storesOf } from './store-of.ts';

describe('where the state of a control plane is', () => {
  it('is where the specification says, before there is any', () => {
    const unborn = { ...aTenant({ dataStore: 'two' }), status: { dataStore: 'one' } };
    expect(storeOf(unborn)).toBe('two');
  });

  it('stays where it is when the specification says another, until it was moved', () => {
    for (const phase of ['Copying', 'ReadOnly'] as const) {
      const moving = tenant('one', phase);
      expect(storeOf(moving)).toBe('one');
      expect(storesOf(moving).toSorted()).toEqual(['one', 'two']);
    }
    expect(storeOf(tenant('two', 'Switched'))).toBe('two');
  });

  it('can be written to in one store at a time', () => {
    const access = (store: string, phase: Migration['phase']) =>
      ['one', 'two'].map((name) => accessTo(tenant(store, phase), name));
    expect(access('one', 'Copying')).toEqual(['ReadWrite', 'ReadWrite']);
    expect(access('one', 'ReadOnly')).toEqual(['ReadOnly', 'ReadWrite']);
    expect(access('two', 'Switched')).toEqual(['ReadOnly', 'ReadWrite']);
    expect(access('two', 'Complete')).toEqual(['ReadOnly', 'ReadWrite']);
  });

  it('can be read only while its storage budget is enforced there', () => {
    const spent = (enforcement: BudgetEnforcement) => {
      const { status, ...rest } = tenant('two', 'Switched');
      const storageBudget = { bytes: 1, objects: 1, percent: 120, enforcement };
      return accessTo({ ...rest, status: { ...status, storageBudget } }, 'two');
    };
    expect(spent('AdmissionPolicy')).toBe('ReadWrite');
    expect(spent('Store')).toBe('ReadOnly');
  });
});

/** On its way from store `one` to `two`. */
function tenant(dataStore: string, phase: Migration['phase']): TenantControlPlane {
  const time = '2026-11-21T08:00:00Z';
  return {
    ...aTenant({ dataStore: 'two' }),
    status: {
      dataStore,
      timeline: [{ step: 'PartitionReady', time, milliseconds: 1 }],
      migration: { from: 'one', to: 'two', phase, startedAt: time },
    },
  };
}
