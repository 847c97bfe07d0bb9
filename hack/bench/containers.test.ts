import { describe, expect, it } from '@jest/globals';
import type { Pod } from '../../src/kube/resources.ts';
import { containersOf } from './containers.ts';

describe('containersOf', () => {
  it('are those that run, native sidecars among them, by the id that cgroups are named after', () => {
    const running = { running: { startedAt: '2026-01-01T00:00:00Z' } };
    const status = {
      initContainerStatuses: [
        { name: 'kine', containerID: 'containerd://aa', state: running },
        { name: 'prepare', containerID: 'containerd://bb', state: { terminated: { exitCode: 0 } } },
      ],
      containerStatuses: [{ name: 'kube-apiserver', containerID: 'containerd://cc', state: running }],
    };

    expect([...containersOf({ status } as unknown as Pod)]).toEqual([
      ['kine', 'aa'],
      ['kube-apiserver', 'cc'],
    ]);
  });
});
