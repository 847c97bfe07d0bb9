import { describe, expect, it } from '@jest/globals';
import { aTenant } from '../../../test/support/tenant.ts';
import type { TenantRestore } from '../../api/v1alpha1/tenant-restore.ts';
import { setConditions } from '../../engine/conditions.ts';
import type { Manifest } from '../archive/manifest.ts';
import { buildTarget, refusalOf } from './target.ts';

const restore: TenantRestore = {
  metadata: { name: 'back', namespace: 'team-a' },
  spec: {
    tenantControlPlane: 'demo',
    mode: 'InPlace',
    source: { storage: 'default', key: 'archives/team-a/x' },
  },
};

function manifestOf(spec: object): Manifest {
  return {
    format: 'marina.dev/backup/v1',
    takenAt: '2026-11-21T08:00:00Z',
    tenant: { namespace: 'team-a', name: 'demo', uid: '', runtimeId: '' },
    dataStore: { name: 'default', driver: 'etcd' },
    revision: '1',
    kubernetesVersion: 'v1.35.9',
    controlPlane: { spec: { ...aTenant().spec, ...spec } },
    roots: {},
    rootsFingerprint: '',
  };
}

describe('buildTarget', () => {
  it('has the version of the archive where its class had said which', () => {
    const { spec } = buildTarget(restore, manifestOf({ className: 'standard', kubernetes: {} }));
    expect(spec.kubernetes.version).toBe('v1.35.9');
  });

  it('has the version that it was written with', () => {
    const kubernetes = { ...aTenant().spec.kubernetes, version: 'v1.36.3' };
    expect(buildTarget(restore, manifestOf({ kubernetes })).spec.kubernetes).toEqual(kubernetes);
  });
});

describe('refusalOf', () => {
  it('passes on why class or quota keep the control plane out', () => {
    const condition = {
      type: 'WithinQuota',
      status: 'False',
      reason: 'QuotaExceeded',
      message: 'No room.',
    } as const;
    const conditions = [...setConditions([], [condition], new Date('2026-11-21T08:00:00Z'))];

    expect(refusalOf({ ...aTenant(), status: { phase: 'Pending', conditions } })).toEqual({
      reason: 'QuotaExceeded',
      message: 'TenantControlPlane demo is kept out: No room.',
    });
    // It runs, and only may not grow.
    expect(refusalOf({ ...aTenant(), status: { phase: 'Ready', conditions } })).toBeUndefined();
  });
});
