import { describe, expect, it } from '@jest/globals';
import type { KubeClient } from '../kube/client.ts';
import { listPodUsage, podReadings } from './pod-metrics.ts';

const now = new Date('2026-11-21T10:00:00Z');
const { signal } = new AbortController();

/** Answers as metrics-server does. */
function serving(...items: readonly object[]): Pick<KubeClient, 'list'> {
  return { list: async () => ({ metadata: {}, items }) as never };
}

function measured(name: string, ...usages: readonly Readonly<Record<string, string>>[]) {
  const containers = usages.map((usage) => ({ name: 'c', usage }));
  return { metadata: { name }, timestamp: '2026-11-21T09:59:40Z', window: '15.2s', containers };
}

const list = (...items: readonly object[]) =>
  listPodUsage(serving(...items), 'marina-tenants', { now, signal });

describe('what pods use', () => {
  it('is the sum of their containers', async () => {
    const usage = await list(
      measured('a', { cpu: '250m', memory: '300Mi' }, { cpu: '1500000n', memory: '1024Ki' }),
      measured('b', { cpu: '0', memory: '5' }),
    );

    expect(usage.get('a')?.cpuCores).toBeCloseTo(0.2515);
    expect(usage.get('a')?.memoryBytes).toBe(301 * 2 ** 20);
    expect(usage.get('b')).toEqual({ cpuCores: 0, memoryBytes: 5 });
  });

  it.each<[string, object]>([
    ['is too old', { ...measured('a', { cpu: '1', memory: '1' }), timestamp: '2026-11-21T09:50:00Z' }],
    ['has no time', { ...measured('a', { cpu: '1', memory: '1' }), timestamp: undefined }],
    ['has no containers', measured('a')],
    ['lacks one of them', measured('a', { cpu: '1' })],
    ['is no number', measured('a', { cpu: 'much', memory: '1' })],
    ['is less than nothing', measured('a', { cpu: '-1', memory: '1' })],
  ])('is not known from a measurement that %s', async (_, item) => {
    expect((await list(item)).size).toBe(0);
  });

  it('is asked of pods that run, and not known of those that nobody measures', () => {
    const pod = (name: string, phase: string) => ({
      metadata: { name, creationTimestamp: '2026-11-21T09:00:00Z' },
      status: { phase },
    });
    const usage = new Map([['a', { cpuCores: 1, memoryBytes: 2 }]]);
    const createdMs = Date.parse('2026-11-21T09:00:00Z');

    expect(podReadings([pod('a', 'Running'), pod('b', 'Running'), pod('c', 'Pending')], usage)).toEqual([
      { createdMs, usage: { cpuCores: 1, memoryBytes: 2 } },
      { createdMs },
    ]);
  });
});
