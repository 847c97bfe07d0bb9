import { describe, expect, it } from '@jest/globals';
import { aProgress } from '../../test/support/progress.ts';
import { failed, waiting } from './component.ts';
import { nextReconcile } from './next-reconcile.ts';
import type { Progress } from './status.ts';

const now = new Date('2026-11-21T08:00:00Z');

const next = (progress: Partial<Progress>, renewAt?: Date) =>
  nextReconcile({ progress: aProgress(progress), renewAt, now, resyncMs: 300_000, random: 0.5 });

describe('nextReconcile', () => {
  it('comes back at the resync, jittered by at most a tenth, when all is well', () => {
    expect(next({})).toEqual({ kind: 'requeue', afterMs: 315_000, reason: 'Resync' });
  });

  it('comes back earlier for a certificate that is due', () => {
    expect(next({}, new Date('2026-11-21T08:01:00Z'))).toEqual({
      kind: 'requeue',
      afterMs: 60_000,
      reason: 'Renewal',
    });
  });

  it('comes back at the resync when something waits for an event', () => {
    expect(next({ workload: waiting('ApiServerStarting', 'starting') })).toMatchObject({ reason: 'Resync' });
  });

  it('comes back for the end of a life', () => {
    const input = { progress: aProgress(), renewAt: undefined, now, resyncMs: 300_000, random: 0.5 };
    expect(nextReconcile({ ...input, expiryMs: 1500 })).toEqual({
      kind: 'requeue',
      afterMs: 1500,
      reason: 'Expiry',
    });
  });

  it('takes the time that a waiting step names', () => {
    expect(next({ bootstrap: waiting('ServiceUnreachable', 'not yet', 100) })).toMatchObject({
      afterMs: 100,
    });
  });

  it('throws the cause of what a retry may cure, and looks again in a minute at what somebody else has to', () => {
    const cause = new Error('connection refused');

    expect(() => next({ partition: failed('DataStoreUnreachable', 'no answer', cause) })).toThrow(cause);
    expect(next({ bootstrap: failed('PatchFailed', 'patch 0') })).toMatchObject({
      afterMs: 63_000,
      reason: 'Retry',
    });
  });
});
