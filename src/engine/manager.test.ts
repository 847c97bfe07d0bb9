import { describe, expect, it } from '@jest/globals';
import { LeaseServer, ProcessClock } from '../../test/support/lease-server.ts';
import { ManualClock, settle } from '../../test/support/manual-clock.ts';
import { LeaderElection } from './leader-election.ts';
import { silentLog } from './log.ts';
import { Manager, type Cache, type LeaderTask } from './manager.ts';

/** Parts that write down what is done to them. */
function parts() {
  const story: string[] = [];
  const filled = Promise.withResolvers<void>();
  const cache: Cache = {
    hasSynced: true,
    synced: () => filled.promise,
    run: async (signal) => {
      story.push('cache starts');
      await aborted(signal);
      story.push('cache stops');
    },
  };
  const task: LeaderTask = {
    name: 'task',
    run: async (signal) => {
      story.push('task starts');
      await aborted(signal);
      story.push('task stops');
    },
  };
  return { story, filled, cache, task };
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

function electionOf(clock: ProcessClock, server: LeaseServer, identity: string) {
  const options = {
    client: server.clientOf(identity),
    namespace: 'n',
    name: 'l',
    log: silentLog,
    random: () => 0,
  };
  return new LeaderElection({ ...options, identity, clock });
}

describe('Manager', () => {
  it('fills caches, then leads, then works; and stops in the reverse order', async () => {
    const world = new ManualClock();
    const server = new LeaseServer(world);
    const clock = new ProcessClock(world);
    const { story, filled, cache, task } = parts();
    const election = electionOf(clock, server, 'me');
    const manager = new Manager({ informers: [cache], controllers: [task], election, clock, log: silentLog });
    const stop = new AbortController();
    const running = manager.run(stop.signal);
    await world.advance(100);
    expect(story).toEqual(['cache starts']);
    expect(server.spec).toBeUndefined();

    filled.resolve();
    await world.advance(100);
    expect(story).toEqual(['cache starts', 'task starts']);
    expect(manager.leading).toBe(true);

    stop.abort();
    await world.advance(100);
    await running;
    expect(story).toEqual(['cache starts', 'task starts', 'task stops', 'cache stops']);
    expect(server.spec?.holderIdentity).toBeNull();
    expect(manager.leading).toBe(false);
  });

  it('keeps its caches and stands by again when it loses the lease', async () => {
    const world = new ManualClock();
    const server = new LeaseServer(world);
    const clock = new ProcessClock(world);
    const { story, filled, cache, task } = parts();
    filled.resolve();
    const election = electionOf(clock, server, 'me');
    const manager = new Manager({ informers: [cache], controllers: [task], election, clock, log: silentLog });
    const stop = new AbortController();
    const running = manager.run(stop.signal);
    await world.advance(100);

    server.outage = 'before';
    await world.advance(10_000);
    expect(story).toEqual(['cache starts', 'task starts', 'task stops']);
    server.outage = undefined;
    await world.advance(10_000);
    expect(story.slice(3)).toEqual(['task starts']);

    stop.abort();
    await world.advance(100);
    await running;
  });

  it('rejects when a controller does not stop in time, and does not give the lease to another', async () => {
    const world = new ManualClock();
    const server = new LeaseServer(world);
    const clock = new ProcessClock(world);
    const { filled, cache } = parts();
    filled.resolve();
    const stuck: LeaderTask = { name: 'stuck', run: () => new Promise(() => {}) };
    const election = electionOf(clock, server, 'me');
    const manager = new Manager({
      informers: [cache],
      controllers: [stuck],
      election,
      clock,
      log: silentLog,
    });
    const stop = new AbortController();
    const running = manager.run(stop.signal);
    const outcome = running.catch((error: unknown) => error);
    await world.advance(100);

    stop.abort();
    await world.advance(20_000);

    expect(await outcome).toMatchObject({ message: 'still at work 20000 ms after stop: stuck' });
    expect(server.spec?.holderIdentity).toBe('me');
    expect(election.guard.held).toBe(false);
  });

  it('stops the others when one controller fails, and rejects with its error', async () => {
    const clock = new ManualClock();
    const { story, filled, cache, task } = parts();
    filled.resolve();
    const failing: LeaderTask = { name: 'failing', run: () => Promise.reject(new Error('broken')) };
    const manager = new Manager({ informers: [cache], controllers: [task, failing], clock, log: silentLog });

    await expect(manager.run(new AbortController().signal)).rejects.toThrow('broken');

    expect(story).toEqual(['cache starts', 'task starts', 'task stops', 'cache stops']);
  });

  it('stops in good order while its caches are still being filled', async () => {
    const clock = new ManualClock();
    const { story, cache, task } = parts();
    const filling: Cache = {
      ...cache,
      synced: async (signal) => signal && (await aborted(signal), signal.throwIfAborted()),
    };
    const manager = new Manager({ informers: [filling], controllers: [task], clock, log: silentLog });
    const stop = new AbortController();
    const running = manager.run(stop.signal);
    await settle();

    stop.abort();
    await running;

    expect(story).toEqual(['cache starts', 'cache stops']);
  });
});
