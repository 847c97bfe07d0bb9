import { describe, expect, it } from '@jest/globals';
import type { TenantControlPlaneStatus } from '../../api/v1alpha1/tenant-control-plane.ts';
import type { TenantRestore } from '../../api/v1alpha1/tenant-restore.ts';
import { aTenant } from '../../../test/support/tenant.ts';
import { awaitedContents } from './awaited.ts';

const named = { 'marina.dev/restore': 'back' };
const pending = { state: 'Pending', restore: 'back', bringsRoots: true };
const ran: TenantControlPlaneStatus = {
  timeline: [{ step: 'ApiServerReady', time: '2026-11-21T08:00:00Z', milliseconds: 1 }],
};

describe('the contents of a control plane', () => {
  it('are its own when no restore is named', () => {
    expect(awaitedContents(aTenant(), [restore()], 'x')).toEqual({ state: 'None' });
  });

  it('are awaited from the restore that is named, also before that is there', () => {
    expect(awaitedContents(tenant(), [restore()], 'x')).toEqual(pending);
    expect(awaitedContents(tenant(), [], 'x')).toEqual(pending);
  });

  it('come without root keys to a clone', () => {
    expect(awaitedContents(tenant(), [restore({ mode: 'Clone' })], 'x')).toEqual({
      ...pending,
      bringsRoots: false,
    });
  });

  it('have arrived when the restore says so of this very control plane', () => {
    expect(awaitedContents(tenant(), [restored('x')], 'x')).toEqual({
      state: 'Arrived',
      restoreUid: 'uid-of-back',
    });
    expect(awaitedContents(tenant(), [restored('another')], 'x')).toEqual({
      state: 'Spent',
      restore: 'back',
    });
  });

  it('arrive once, whatever becomes of the restore', () => {
    const after = tenant({ ...ran, restoredBy: 'uid-of-back' });
    expect(awaitedContents(after, [restored('x')], 'x')).toEqual({ state: 'None' });
    expect(awaitedContents(after, [], 'x')).toEqual({ state: 'None' });
  });

  it('are awaited anew from another restore of the same name', () => {
    const after = tenant({ ...ran, restoredBy: 'uid-of-an-earlier-one' });
    expect(awaitedContents(after, [restore()], 'x')).toEqual(pending);
  });

  it('of one that runs are not taken away by a name that leads nowhere', () => {
    expect(awaitedContents(tenant(ran), [], 'x')).toEqual({ state: 'None' });
    const foreign = restore({ tenantControlPlane: 'other' });
    expect(awaitedContents(tenant(ran), [foreign], 'x')).toEqual({ state: 'None' });
  });

  it('are awaited while they are being written, whatever the annotation says', () => {
    const writing = restore();
    const held = { ...writing, metadata: { ...writing.metadata, finalizers: ['marina.dev/restore'] } };
    const elsewhere = aTenant({}, { annotations: { 'marina.dev/restore': 'an-earlier-one' } });
    for (const one of [aTenant(), elsewhere]) {
      expect(awaitedContents({ ...one, status: ran }, [held], 'x')).toEqual(pending);
    }
  });

  it('have arrived from one that has just written, whatever the annotation says', () => {
    const done = restored('x');
    const held = { ...done, metadata: { ...done.metadata, finalizers: ['marina.dev/restore'] } };
    expect(awaitedContents(aTenant(), [held], 'x')).toEqual({ state: 'Arrived', restoreUid: 'uid-of-back' });
    const noted = { ...aTenant(), status: { ...ran, restoredBy: 'uid-of-back' } };
    expect(awaitedContents(noted, [held], 'x')).toEqual({ state: 'None' });
  });
});

function tenant(status?: TenantControlPlaneStatus) {
  return { ...aTenant({}, { annotations: named }), ...(status && { status }) };
}

function restore(spec: Partial<TenantRestore['spec']> = {}): TenantRestore {
  return {
    metadata: { name: 'back', namespace: 'team-a', uid: 'uid-of-back' },
    spec: { source: { backup: 'nightly' }, tenantControlPlane: 'demo', mode: 'InPlace', ...spec },
  };
}

function restored(runtimeId: string): TenantRestore {
  const ready = {
    type: 'Ready',
    status: 'True',
    reason: 'Restored',
    message: '',
    lastTransitionTime: '2026-11-21T08:00:00Z',
  } as const;
  return { ...restore(), status: { runtimeId, conditions: [ready] } };
}
