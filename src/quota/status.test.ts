import { describe, expect, it } from '@jest/globals';
import { aTenant } from '../../test/support/tenant.ts';
import type { ControlPlaneQuota } from '../api/v1alpha1/control-plane-quota.ts';
import type { TenantControlPlane } from '../api/v1alpha1/tenant-control-plane.ts';
import { askedFor } from '../controlplane/class/effective.ts';
import { setConditions } from '../engine/conditions.ts';
import { buildQuotaStatus } from './status.ts';

const now = new Date('2026-11-21T08:00:00Z');
const quota: ControlPlaneQuota = {
  metadata: { name: 'team-a', namespace: 'team-a', generation: 3 },
  spec: { hard: { cpu: '1' } },
};

/** One that was let in with so many pods; `isShort`: and wants more than there is. */
function tenantOf(name: string, replicas: number | undefined, isShort = false): TenantControlPlane {
  const tenant = aTenant({ controlPlane: { deployment: { replicas: replicas ?? 1 } } }, { name });
  const within = {
    type: 'WithinQuota',
    status: isShort ? 'False' : 'True',
    reason: '',
    message: '',
  } as const;
  return {
    ...tenant,
    status: {
      conditions: [...setConditions([], [within], now)],
      ...(replicas !== undefined && { admitted: askedFor(tenant.spec) }),
    },
  };
}

describe('buildQuotaStatus', () => {
  it('tells what has been given, and who waits', () => {
    const tenants = [
      tenantOf('b', undefined, true),
      tenantOf('a', 2, true),
      { ...tenantOf('c', 1, true), metadata: { name: 'c', deletionTimestamp: '2026-11-21T08:00:00Z' } },
    ];

    expect(buildQuotaStatus(quota, { cpu: 1000, controlPlanes: 4 }, tenants)).toEqual({
      observedGeneration: 3,
      hard: { controlPlanes: 4, cpu: '1' },
      used: { controlPlanes: 2, cpu: '90m', memory: '450Mi', storageBytes: '0' },
      waiting: ['a', 'b'],
    });
  });

  it('names ten who wait at most', () => {
    const tenants = Array.from({ length: 12 }, (_, index) => tenantOf(`t${index}`, undefined, true));
    expect(buildQuotaStatus(quota, {}, tenants).waiting).toHaveLength(10);
  });
});
