import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { silentLog, type Log } from '../engine/log.ts';
import type { KubeClient } from './client.ts';
import { KubeError } from './errors.ts';
import { EventRecorder } from './events.ts';
import type { Event } from './resources.ts';

const tenant = {
  apiVersion: 'marina.dev/v1alpha1',
  kind: 'TenantControlPlane',
  metadata: { namespace: 'a', name: 'x', uid: 'u' },
};

/** Keeps the Events that are written; the real API server's opinion of them is in test/integration/apply.test.ts. */
function setUp(log: Log = silentLog) {
  const clock = new ManualClock();
  const stored = new Map<string, Event>();
  const state = { writes: 0, isDown: false };
  const write = async () => {
    state.writes += 1;
    await Promise.resolve();
    if (state.isDown) throw new KubeError({ code: 'Unreachable', operation: 'write', message: 'down' });
  };
  const client = {
    create: async (_: unknown, event: Event) => {
      await write();
      stored.set(event.metadata?.name ?? '', event);
      return event;
    },
    patch: async (_: unknown, { name }: { name: string }, { body }: { body: Partial<Event> }) => {
      await write();
      const event = stored.get(name);
      if (!event) throw new KubeError({ code: 'NotFound', operation: 'patch', message: 'none' });
      stored.set(name, { ...event, ...body });
    },
  } as unknown as KubeClient;
  const recorder = new EventRecorder({
    client,
    clock,
    log,
    component: 'marina-controller',
    instance: 'pod-1',
  });
  return { clock, stored, state, recorder };
}

describe('EventRecorder', () => {
  it('writes an Event about the object, in its namespace', async () => {
    const { recorder, stored } = setUp();
    recorder.record(tenant, 'Normal', 'Ready', 'a worker could join now');
    await recorder.flush();

    const [event] = stored.values();
    expect(event).toMatchObject({
      metadata: { namespace: 'a', name: expect.stringMatching(/^x\.[0-9a-f]+$/) },
      involvedObject: { apiVersion: 'marina.dev/v1alpha1', kind: 'TenantControlPlane', name: 'x', uid: 'u' },
      type: 'Normal',
      reason: 'Ready',
      message: 'a worker could join now',
      count: 1,
      firstTimestamp: '2026-01-01T00:00:00Z',
      lastTimestamp: '2026-01-01T00:00:00Z',
    });
  });

  it('counts what is said again, whatever the words, and says what has another reason apart', async () => {
    const { recorder, stored, clock } = setUp();
    const said = [
      ['Why', 'exit 1 at 08:00:01'],
      ['Other', 'yes'],
      ['Why', 'exit 1 at 08:00:02'],
      ['Why', 'exit 2 at 08:00:03'],
    ] as const;
    for (const [reason, message] of said) {
      recorder.record(tenant, 'Warning', reason, message);
      await recorder.flush();
      await clock.advance(1_000);
    }

    expect(
      [...stored.values()].map(({ message, count, lastTimestamp }) => [message, count, lastTimestamp]),
    ).toEqual([
      ['exit 2 at 08:00:03', 3, '2026-01-01T00:00:03Z'],
      ['yes', 1, '2026-01-01T00:00:01Z'],
    ]);
  });

  it('needs one request for what is repeated while it waits', async () => {
    const { recorder, stored, state } = setUp();
    for (let i = 0; i < 10; i++) recorder.record(tenant, 'Warning', 'Why', 'no');
    await recorder.flush();

    expect([...stored.values()].map(({ count }) => count)).toEqual([10]);
    expect(state.writes).toBe(2);
  });

  it('listens to one object 25 times, then once in five minutes; to others as before', async () => {
    const { recorder, stored, clock } = setUp();
    for (let i = 0; i < 100; i++) recorder.record(tenant, 'Warning', `Why${i}`, 'no');
    recorder.record(
      { ...tenant, metadata: { ...tenant.metadata, uid: 'other' } },
      'Normal',
      'Ready',
      'other',
    );
    await recorder.flush();
    expect(stored.size).toBe(26);

    await clock.advance(300_000);
    for (let i = 0; i < 10; i++) recorder.record(tenant, 'Warning', `Later${i}`, 'no');
    await recorder.flush();
    expect(stored.size).toBe(27);
  });

  it('starts a new Event when the API server has forgotten the old one', async () => {
    const { recorder, stored } = setUp();
    recorder.record(tenant, 'Warning', 'Why', 'no');
    await recorder.flush();
    stored.clear();
    recorder.record(tenant, 'Warning', 'Why', 'no');
    await recorder.flush();

    expect([...stored.values()].map(({ count }) => count)).toEqual([2]);
  });

  it('loses an Event that cannot be written, and says so in the log only', async () => {
    const warnings: string[] = [];
    const { recorder, state, stored } = setUp({ ...silentLog, warn: (_, message) => warnings.push(message) });
    state.isDown = true;
    recorder.record(tenant, 'Warning', 'Why', 'no');
    await recorder.flush();
    state.isDown = false;
    recorder.record(tenant, 'Warning', 'Why', 'no');
    await recorder.flush();

    expect(warnings).toEqual(['event not written']);
    expect(stored.size).toBe(1);
  });
});
