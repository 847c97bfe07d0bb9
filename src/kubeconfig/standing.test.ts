import { describe, expect, it } from '@jest/globals';
import { aKubeconfig } from '../../test/support/kubeconfigs.ts';
import { aTenant } from '../../test/support/tenant.ts';
import { runtimeId } from '../controlplane/runtime-id.ts';
import { standingOf } from './standing.ts';

const tenant = aTenant();
const later = aTenant({}, { uid: '11111111-2d39-4f0e-9a53-3b8c4b6f7a10' });
const going = aTenant({}, { deletionTimestamp: '2026-11-21T09:00:00Z' });
const fresh = aKubeconfig();
const issued = { ...fresh, status: { runtimeId: runtimeId(tenant.metadata?.uid ?? '') } };

describe('a TenantKubeconfig and its control plane', () => {
  it.each([
    ['waits for one that is not there yet', fresh, undefined, 'Awaited'],
    ['takes the one that is there', fresh, tenant, 'There'],
    ['stays with the one that it was issued for', issued, tenant, 'There'],
    ['waits while that one is being deleted', issued, going, 'Going'],
    ['is of no use when that one is gone', issued, undefined, 'Outlived'],
    ['does not pass to a later one of the same name', issued, later, 'Outlived'],
  ])('%s', (_, kubeconfig, live, state) => {
    expect(standingOf(kubeconfig, live).state).toBe(state);
  });
});
