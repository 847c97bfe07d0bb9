import { describe, expect, it } from '@jest/globals';
import { podsNotRunningSince } from './pods-since.ts';
import type { PodList } from './pods-since.ts';

const started = new Date('2026-11-21T08:00:00.700Z');

function pod(name: string, phase: string, ready: boolean, startedAt?: string): PodList['items'][number] {
  const state = startedAt ? { running: { startedAt } } : {};
  return { metadata: { namespace: 'a', name }, status: { phase, containerStatuses: [{ ready, state }] } };
}

describe('podsNotRunningSince', () => {
  it('does not believe what was true before the start', () => {
    const pods = {
      items: [
        pod('back', 'Running', true, '2026-11-21T08:00:00Z'),
        pod('stale', 'Running', true, '2026-11-21T07:59:59Z'),
        pod('starting', 'Running', false, '2026-11-21T08:00:09Z'),
        pod('waiting', 'Pending', false),
        pod('ended', 'Succeeded', false),
        { metadata: { namespace: 'a', name: 'new' }, status: { phase: 'Pending' } },
      ],
    };

    expect(podsNotRunningSince(started, pods)).toEqual(['a/stale', 'a/starting', 'a/waiting', 'a/new']);
  });
});
