import { describe, expect, it } from '@jest/globals';
import { aTenant } from '../../../test/support/tenant.ts';
import type { TenantControlPlane } from '../../api/v1alpha1/tenant-control-plane.ts';
import { askedFor } from '../class/effective.ts';
import { givesRoom, isWaiting } from './wakes.ts';

/** One that asks for so many pods, and was given so many. */
function tenantOf(wanted: number, given?: number, metadata = {}): TenantControlPlane {
  const of = (replicas: number) => aTenant({ controlPlane: { deployment: { replicas } } }, metadata);
  return { ...of(wanted), ...(given !== undefined && { status: { admitted: askedFor(of(given).spec) } }) };
}

describe('isWaiting', () => {
  it.each([
    ['one of which nothing is known yet', tenantOf(1), true],
    ['one that asks for more, also before any condition says so', tenantOf(2, 1), true],
    ['one that has what it asks for', tenantOf(2, 2), false],
    ['one that is being deleted', tenantOf(2, 1, { deletionTimestamp: '2026-11-21T09:00:00Z' }), false],
  ])('tells of %s', (_, tenant, expected) => {
    expect(isWaiting(tenant)).toBe(expected);
  });
});

describe('givesRoom', () => {
  it.each([
    ['it goes', tenantOf(1, 1), undefined, true],
    ['nothing is said of it any more', tenantOf(1, 1), tenantOf(1), true],
    ['it becomes smaller', tenantOf(2, 2), tenantOf(1, 1), true],
    ['it grows', tenantOf(1, 1), tenantOf(2, 2), false],
    ['it is let in', tenantOf(1), tenantOf(1, 1), false],
  ])('tells when %s', (_, previous, current, expected) => {
    expect(givesRoom(previous, current)).toBe(expected);
  });

  it('is not woken by what a quota does not count', () => {
    const tenant = tenantOf(1, 1);
    const admitted = { ...askedFor(aTenant().spec), version: 'v1.36.9' };
    expect(givesRoom(tenant, { ...tenant, status: { admitted } })).toBe(false);
  });
});
