import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ProcessClock, LeaseServer } from '../../test/support/lease-server.ts';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { FencedKubeClient } from '../kube/fenced-client.ts';
import { configMaps } from '../kube/resources.ts';
import { LeaderElection } from './leader-election.ts';
import { LeaderGuard, NotLeaderError } from './leader-guard.ts';
import { silentLog } from './log.ts';

const ref = { namespace: 'marina-system', name: 'marina' };

describe('LeaderGuard', () => {
  it('holds until the time is up, counted from before the renewal was sent', async () => {
    const clock = new ManualClock();
    const guard = new LeaderGuard(clock);
    expect(() => guard.assertHeld()).toThrow(NotLeaderError);

    const mark = guard.mark();
    await clock.advance(1_000);
    guard.extend(mark, 6_000);
    expect(guard.remainingMs()).toBe(5_000);
    await clock.advance(4_999);
    guard.assertHeld();
    await clock.advance(1);

    expect(() => guard.assertHeld()).toThrow(NotLeaderError);
  });

  it('is shut at once after the process was stopped for too long, before any timer has run', () => {
    const clock = new ManualClock();
    const guard = new LeaderGuard(clock);
    guard.extend(guard.mark(), 6_000);

    clock.freeze(6_000);

    expect(guard.held).toBe(false);
  });

  it('is shut when only the wall clock went on, and not held open by one that was set back', () => {
    const clock = new ManualClock();
    const guard = new LeaderGuard(clock);
    guard.extend(guard.mark(), 6_000);
    clock.jumpWall(600_000);
    expect(guard.held).toBe(false);

    clock.jumpWall(-1_200_000);
    expect(guard.held).toBe(true);
    clock.freeze(6_000);
    expect(guard.held).toBe(false);
  });
});

/** A replica that counts for how long and how often it leads. */
class Replica {
  readonly identity: string;
  readonly clock: ProcessClock;
  readonly election: LeaderElection;
  readonly stop = new AbortController();
  terms = 0;
  isLeading = false;
  private readonly ended: Promise<void>;

  constructor(world: ManualClock, server: LeaseServer, identity: string) {
    this.identity = identity;
    this.clock = new ProcessClock(world);
    const client = server.clientOf(identity);
    this.election = new LeaderElection({
      client,
      ...ref,
      identity,
      clock: this.clock,
      log: silentLog,
      random: () => 0.5,
    });
    this.ended = this.run();
  }

  async stopAndWait(): Promise<void> {
    this.stop.abort();
    await this.ended;
  }

  private async run(): Promise<void> {
    while (!this.stop.signal.aborted) {
      await this.election.run(this.stop.signal, async (term) => {
        this.terms += 1;
        this.isLeading = true;
        await new Promise<void>((resolve) => term.addEventListener('abort', () => resolve(), { once: true }));
        this.isLeading = false;
      });
    }
  }
}

describe('LeaderElection', () => {
  function setUp(...names: string[]) {
    const world = new ManualClock();
    const server = new LeaseServer(world);
    return { world, server, replicas: names.map((name) => new Replica(world, server, name)) };
  }

  it('makes one of two replicas the leader, and keeps it', async () => {
    const { world, server, replicas } = setUp('a', 'b');

    await world.advance(60_000);

    expect(replicas.filter(({ isLeading }) => isLeading)).toHaveLength(1);
    expect(replicas.map(({ terms }) => terms).sort()).toEqual([0, 1]);
    expect(server.spec?.leaseTransitions).toBe(0);
  });

  it('is followed within ten seconds when it dies', async () => {
    const { world, replicas } = setUp('a', 'b');
    await world.advance(30_000);
    const [leader, other] = sorted(replicas);
    leader.clock.freezeProcess();

    await world.advance(10_000);

    expect(other.isLeading).toBe(true);
    expect(other.election.guard.held).toBe(true);
  });

  it('is followed within about a second when it stops in good order', async () => {
    const { world, replicas } = setUp('a', 'b');
    await world.advance(30_000);
    const [leader, other] = sorted(replicas);
    const stopped = leader.stopAndWait();

    await world.advance(1_100);
    await stopped;

    expect(leader.election.guard.held).toBe(false);
    expect(other.isLeading).toBe(true);
  });

  it('writes nothing when it was stopped past its lease and then continued', async () => {
    const { world, server, replicas } = setUp('a', 'b');
    await world.advance(30_000);
    const [leader, other] = sorted(replicas);
    const fenced = new FencedKubeClient(server.clientOf('writer'), leader.election.guard);
    leader.clock.freezeProcess();
    await world.advance(20_000);
    expect(other.isLeading).toBe(true);

    // Awake again, and writing before any of its timers has had a chance.
    await expect(fenced.create(configMaps, { metadata: { ...ref } })).rejects.toThrow(NotLeaderError);
    leader.clock.thawProcess();
    await world.advance(5_000);

    expect(leader.isLeading).toBe(false);
    expect(other.isLeading).toBe(true);
  });

  it('counts its time from the request, not from an answer that was long in coming', async () => {
    const { world, server, replicas } = setUp('a', 'b');
    await world.advance(5_000);
    const [leader] = sorted(replicas);
    server.answerMs = 5_000;
    const renewedBefore = server.spec?.renewTime;
    while (server.spec?.renewTime === renewedBefore) await world.advance(100);
    server.outage = 'before';

    await world.advance(6_000);

    expect(leader.election.guard.held).toBe(false);
  });

  it('keeps the lease when it was away for a while and nobody else wanted it', async () => {
    const { world, server, replicas } = setUp('a');
    await world.advance(5_000);
    replicas[0]?.clock.freezeProcess();
    await world.advance(60_000);
    replicas[0]?.clock.thawProcess();

    await world.advance(5_000);

    expect(replicas[0]?.election.guard.held).toBe(true);
    expect(server.spec?.leaseTransitions).toBe(0);
  });

  it('does not lose the lease over failures shorter than its deadline', async () => {
    const { world, server, replicas } = setUp('a', 'b');
    await world.advance(30_000);
    server.outage = 'before';
    await world.advance(3_500);
    server.outage = undefined;

    await world.advance(20_000);

    expect(replicas.map(({ terms }) => terms).sort()).toEqual([0, 1]);
  });

  it('goes on when somebody deletes the lease', async () => {
    const { world, server, replicas } = setUp('a', 'b');
    await world.advance(30_000);
    server.remove();

    await world.advance(20_000);

    expect(replicas.filter(({ election }) => election.guard.held)).toHaveLength(1);
    expect(server.spec?.holderIdentity).toBe(sorted(replicas)[0].identity);
  });

  it('never has two that may write at the same moment, whatever happens', async () => {
    const event = fc.record({
      ms: fc.integer({ min: 1, max: 9_000 }),
      what: fc.constantFrom(
        'nothing',
        'freeze',
        'thaw',
        'lose requests',
        'lose answers',
        'heal',
        'slow',
        'slow answers',
      ),
      who: fc.integer({ min: 0, max: 2 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 25 }), async (events) => {
        const { world, server, replicas } = setUp('a', 'b', 'c');
        const check = () => {
          const held = replicas.filter(({ election }) => election.guard.held);
          expect(held.length).toBeLessThanOrEqual(1);
          if (held[0]) expect(server.spec?.holderIdentity).toBe(held[0].identity);
        };
        for (const { ms, what, who } of events) {
          if (what === 'freeze') replicas[who]?.clock.freezeProcess();
          if (what === 'thaw') replicas[who]?.clock.thawProcess();
          if (what === 'lose requests') server.outage = 'before';
          if (what === 'lose answers') server.outage = 'after';
          if (what === 'slow') server.latencyMs = 1_500;
          if (what === 'slow answers') server.answerMs = 5_000;
          if (what === 'heal') Object.assign(server, healthy);
          for (let passed = 0; passed < ms; passed += 500) {
            await world.advance(Math.min(500, ms - passed));
            check();
          }
        }
        Object.assign(server, healthy);
        for (const { clock } of replicas) clock.thawProcess();
        await world.advance(30_000);
        check();
        // And somebody leads again once all is well.
        expect(replicas.filter(({ election }) => election.guard.held)).toHaveLength(1);
        for (const replica of replicas) replica.stop.abort();
        await world.advance(10_000);
      }),
      { numRuns: 60 },
    );
  }, 120_000);
});

const healthy = { outage: undefined, latencyMs: 5, answerMs: 0 };

function sorted(replicas: readonly Replica[]): [Replica, Replica] {
  const leader = replicas.find(({ isLeading }) => isLeading);
  const other = replicas.find(({ isLeading }) => !isLeading);
  if (!leader || !other) throw new Error('no leader');
  return [leader, other];
}
