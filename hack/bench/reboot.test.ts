import { describe, expect, it } from '@jest/globals';
import type { Pod } from '../../src/kube/resources.ts';
import { isBackSince, restartsBeyondReboot, restartsByContainer } from './reboot.ts';

const cut = new Date('2026-01-01T12:00:00Z');

function pod(
  ...containers: readonly { name: string; ready: boolean; startedAt: string; restarts: number }[]
): Pod {
  const containerStatuses = containers.map(({ name, ready, startedAt, restarts }) => ({
    name,
    ready,
    restartCount: restarts,
    state: { running: { startedAt } },
  }));
  return { metadata: { name: 'a' }, status: { containerStatuses } } as unknown as Pod;
}

const old = { name: 'kube-apiserver', ready: true, startedAt: '2026-01-01T11:00:00Z', restarts: 0 };
const fresh = { ...old, startedAt: '2026-01-01T12:00:05Z', restarts: 1 };

describe('isBackSince', () => {
  it('does not believe what the API server says of containers of before the cut', () => {
    expect(isBackSince(pod(old), cut)).toBe(false);
    expect(isBackSince(pod(fresh, { ...old, name: 'kube-scheduler' }), cut)).toBe(false);
    expect(isBackSince(pod({ ...fresh, ready: false }), cut)).toBe(false);
    expect(isBackSince(pod(), cut)).toBe(false);
    expect(isBackSince(pod(fresh), cut)).toBe(true);
  });
});

describe('restartsBeyondReboot', () => {
  it('leaves out the one restart of each container that the cut made', () => {
    const before = restartsByContainer([pod(old, { ...old, name: 'kube-scheduler', restarts: 2 })]);
    const after = restartsByContainer([
      pod({ ...fresh, restarts: 3 }, { ...fresh, name: 'kube-scheduler', restarts: 3 }),
    ]);

    expect(restartsBeyondReboot(before, after)).toEqual({ 'kube-apiserver': 2 });
  });

  it('counts all restarts of a pod that was made after the cut', () => {
    expect(restartsBeyondReboot(new Map(), new Map([['new/kube-apiserver', 1]]))).toEqual({
      'kube-apiserver': 1,
    });
  });
});
