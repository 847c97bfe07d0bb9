import { describe, expect, it } from '@jest/globals';
import type { Deployment, Pod } from '../../kube/resources.ts';
import { needsCloserLook, observeStopping } from './workload.ts';

const now = new Date('2026-11-21T09:00:00Z');
const deployment: Deployment = { metadata: { name: 'tx', finalizers: ['foregroundDeletion'] } };

describe('a workload on its way out', () => {
  it('is gone when neither Deployment nor pods are there', () => {
    expect(observe(undefined, [])).toMatchObject({ state: 'Done' });
  });

  it('is looked at again when its pods should have ended', () => {
    expect(observe(deployment, [pod({ deletionTimestamp: '2026-11-21T09:00:10Z' })])).toMatchObject({
      state: 'Waiting',
      reason: 'Deleting',
      message: 'Pods that are stopping: 1.',
      requeueAfterMs: 40_000,
    });
  });

  it('names pod and node when nobody reports the end of a pod', () => {
    const stuck = observe(deployment, [pod({ deletionTimestamp: '2026-11-21T08:59:30Z' })]);

    expect(stuck).toMatchObject({ state: 'Failed', reason: 'PodsStuck' });
    const message = stuck.state === 'Failed' ? stuck.message : '';
    expect(message).toContain('Pod tx-1 should have ended at 2026-11-21T08:59:30Z, but node rack-7 does not');
    expect(message).toContain('kubectl delete node rack-7');
    expect(message).toContain('kubectl -n marina-tenants delete pod tx-1 --grace-period=0 --force');
  });

  it('names the finalizer that keeps a pod, which no force removes', () => {
    const kept = pod({ deletionTimestamp: '2026-11-21T08:59:30Z', finalizers: ['example.com/hold'] });

    const stuck = observe(deployment, [kept]);

    const message = stuck.state === 'Failed' ? stuck.message : '';
    expect(message).toContain('kept by example.com/hold');
    expect(message).not.toContain('--force');
  });

  it('tells how to stop pods that lost their Deployment', () => {
    expect(observe(undefined, [pod({})])).toMatchObject({
      state: 'Failed',
      reason: 'PodsStuck',
      message: expect.stringContaining(
        'kubectl -n marina-tenants delete replicasets,pods -l marina.dev/runtime-id=tx',
      ),
    });
  });

  it('names who else keeps the Deployment, and not the garbage collector', () => {
    const kept = { metadata: { name: 'tx', finalizers: ['foregroundDeletion', 'example.com/hold'] } };
    expect(observe(kept, [])).toMatchObject({
      message: 'Deployment tx is going away and is kept by example.com/hold.',
    });
    expect(observe(deployment, [])).toMatchObject({ message: 'Deployment tx is going away.' });
  });

  it.each([
    ['pods that stop in time', deployment, [pod({ deletionTimestamp: '2026-11-21T09:00:10Z' })], false],
    ['overdue pods', deployment, [pod({ deletionTimestamp: '2026-11-21T08:00:00Z' })], true],
    ['pods without a Deployment', undefined, [pod({})], true],
    ['a Deployment whose pods are gone', deployment, [], false],
    ['nothing at all, before the partition goes', undefined, [], true],
  ])('is asked of the API server for %s: %#', (_what, ofTenant, pods, expected) => {
    expect(needsCloserLook({ runtimeId: 'tx', deployment: ofTenant, pods, now })).toBe(expected);
  });
});

function observe(ofTenant: Deployment | undefined, pods: readonly Pod[]) {
  return observeStopping({ runtimeId: 'tx', deployment: ofTenant, pods, now });
}

function pod(metadata: Pod['metadata']): Pod {
  return {
    metadata: { name: 'tx-1', namespace: 'marina-tenants', ...metadata },
    spec: { nodeName: 'rack-7', containers: [] },
  };
}
