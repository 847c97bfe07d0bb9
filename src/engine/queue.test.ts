import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ManualClock, settle } from '../../test/support/manual-clock.ts';
import { type Lane, WorkQueue } from './queue.ts';

const half = () => 0.5;

function makeQueue(clock = new ManualClock()) {
  return { clock, queue: new WorkQueue({ clock, random: half }) };
}

describe('WorkQueue', () => {
  it('hands a key out once, however often it was added', async () => {
    const { queue } = makeQueue();
    queue.add('a');
    queue.add('a');

    expect(await queue.take()).toBe('a');
    expect(queue.counts).toEqual({ ready: 0, delayed: 0, working: 1 });
  });

  it('shows a key again after work when it was added during work', async () => {
    const { queue } = makeQueue();
    queue.add('a');
    await queue.take();
    queue.add('a');
    expect(queue.counts.ready).toBe(0);

    queue.done('a');

    expect(await queue.take()).toBe('a');
  });

  it('serves urgent keys first, and a waiting normal key after eight of them', async () => {
    const { queue } = makeQueue();
    queue.add('normal');
    for (let i = 0; i < 10; i++) queue.add(`urgent-${i}`, 'urgent');

    const order: (string | undefined)[] = [];
    for (let i = 0; i < 11; i++) order.push(await queue.take());

    expect(order[0]).toBe('urgent-0');
    expect(order.indexOf('normal')).toBe(8);
  });

  it('moves a waiting key to the urgent lane when it becomes urgent', async () => {
    const { queue } = makeQueue();
    queue.add('a');
    queue.add('b');
    queue.add('b', 'urgent');

    expect([await queue.take(), await queue.take()]).toEqual(['b', 'a']);
    expect(queue.counts.ready).toBe(0);
  });

  it('lets the earliest of several delays count', async () => {
    const { clock, queue } = makeQueue();
    queue.addAfter('a', 1000);
    queue.addAfter('a', 500);
    queue.addAfter('a', 2000);

    await clock.advance(499);
    expect(queue.counts).toEqual({ ready: 0, delayed: 1, working: 0 });
    await clock.advance(1);
    expect(queue.counts).toEqual({ ready: 1, delayed: 0, working: 0 });
  });

  it('doubles the delay of a key that fails, up to the maximum, and starts over when told to forget', () => {
    const clock = new ManualClock();
    const queue = new WorkQueue({ clock, random: () => 0, backoff: { baseMs: 100, maxMs: 1000 } });
    const delays = [1, 2, 3, 4, 5, 6].map(() => queue.addRateLimited('a'));
    queue.forget('a');

    expect(delays).toEqual([100, 200, 400, 800, 1000, 1000]);
    expect(queue.addRateLimited('a')).toBe(100);
  });

  it('waits at least as long as the server asked for', () => {
    const { queue } = makeQueue();

    expect(queue.addRateLimited('a', 5000)).toBe(5000);
  });

  it('hands out nothing after close, and close resolves when work has ended', async () => {
    const { queue } = makeQueue();
    queue.add('a');
    queue.add('b');
    await queue.take();
    const waiting = queue.take();
    expect(await waiting).toBe('b');
    const idle = queue.take();
    queue.add('c');
    expect(await idle).toBe('c');
    const left = queue.take();

    let isClosed = false;
    const closed = queue.close().then(() => (isClosed = true));
    expect(await left).toBeUndefined();
    for (const key of ['a', 'b']) queue.done(key);
    await settle();
    expect(isClosed).toBe(false);
    queue.done('c');
    await closed;

    queue.add('d');
    expect(await queue.take()).toBeUndefined();
  });
});

const keys = fc.constantFrom('a', 'b', 'c', 'd', 'e');
const step = fc.oneof(
  fc.record({
    kind: fc.constant('add' as const),
    key: keys,
    lane: fc.constantFrom('normal' as const, 'urgent' as const),
  }),
  fc.record({ kind: fc.constant('addAfter' as const), key: keys, ms: fc.integer({ min: 0, max: 300 }) }),
  fc.record({ kind: fc.constant('advance' as const), ms: fc.integer({ min: 1, max: 200 }) }),
);

describe('WorkQueue, whatever happens', () => {
  it('never has a key worked on twice at once, and sees every add again after it', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 40 }),
        fc.integer({ min: 1, max: 3 }),
        fc.array(fc.integer({ min: 0, max: 150 }), { minLength: 1, maxLength: 5 }),
        async (steps, workers, workMs) => {
          const { clock, queue } = makeQueue();
          const inWork = new Set<string>();
          /** Adds that no work has begun after, by key: the monotonic time before which work on it would be early. */
          const owed = new Map<string, number>();
          let taken = 0;
          const work = async () => {
            for (let key = await queue.take(); key !== undefined; key = await queue.take()) {
              expect(inWork.has(key)).toBe(false);
              inWork.add(key);
              expect(owed.get(key)).toBeLessThanOrEqual(clock.monotonicMs());
              owed.delete(key);
              const ms = workMs[taken++ % workMs.length] ?? 0;
              await new Promise<void>((resolve) => clock.after(ms, resolve));
              inWork.delete(key);
              queue.done(key);
            }
          };
          const owe = (key: string, ms: number) => {
            const due = clock.monotonicMs() + ms;
            owed.set(key, Math.min(owed.get(key) ?? Infinity, due));
          };
          const running = Array.from({ length: workers }, work);
          for (const one of steps) {
            if (one.kind === 'advance') await clock.advance(one.ms);
            else {
              owe(one.key, one.kind === 'add' ? 0 : one.ms);
              if (one.kind === 'add') queue.add(one.key, one.lane);
              else queue.addAfter(one.key, one.ms);
              // A worker whose turn it is begins before the next step.
              for (let turn = 0; turn < 5; turn++) await Promise.resolve();
            }
          }
          const drained = queue.drain();
          // Draining drops what is not due yet, and nothing else.
          for (const [key, due] of owed) if (due > clock.monotonicMs()) owed.delete(key);
          await clock.advance(10_000);
          await drained;
          await Promise.all(running);

          expect(owed.size).toBe(0);
          expect(queue.counts).toEqual({ ready: 0, delayed: 0, working: 0 });
          expect(clock.pending).toBe(0);
        },
      ),
      { numRuns: 100 },
    );
  }, 60_000);

  it('does not let a key that always fails slow down the others', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 2000 }), { minLength: 1, maxLength: 20 }),
        async (gaps) => {
          const { clock, queue } = makeQueue();
          let poisoned = 0;
          const waits: number[] = [];
          const addedAt = new Map<string, number>();
          const worker = (async () => {
            for (let key = await queue.take(); key !== undefined; key = await queue.take()) {
              if (key === 'poison') {
                poisoned += 1;
                queue.addRateLimited(key);
              } else waits.push(clock.monotonicMs() - (addedAt.get(key) ?? NaN));
              queue.done(key);
            }
          })();
          queue.add('poison');
          for (const [index, gap] of gaps.entries()) {
            await clock.advance(gap);
            addedAt.set(`good-${index}`, clock.monotonicMs());
            queue.add(`good-${index}`);
          }
          await clock.advance(0);
          void queue.close();
          await worker;

          expect(waits).toEqual(gaps.map(() => 0));
          const elapsed = clock.monotonicMs();
          // Delays of 100 ms doubling, each shortened by an eighth: so many fit.
          expect(poisoned).toBeLessThanOrEqual(2 + Math.log2(1 + elapsed / 87.5));
        },
      ),
      { numRuns: 50 },
    );
  }, 60_000);

  it('does not let a key that takes long and fails hold up the others while there is another worker', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 10, max: 500 }), { minLength: 1, maxLength: 20 }),
        fc.integer({ min: 2, max: 4 }),
        async (gaps, workers) => {
          const { clock, queue } = makeQueue();
          const waits: number[] = [];
          const addedMs = new Map<string, number>();
          const work = async () => {
            for (let key = await queue.take(); key !== undefined; key = await queue.take()) {
              const isPoison = key === 'poison';
              if (!isPoison) waits.push(clock.monotonicMs() - (addedMs.get(key) ?? NaN));
              await new Promise<void>((resolve) => clock.after(isPoison ? 5_000 : 9, resolve));
              if (isPoison) queue.addRateLimited(key);
              queue.done(key);
            }
          };
          const running = Array.from({ length: workers }, work);
          queue.add('poison');
          for (const [index, gap] of gaps.entries()) {
            await clock.advance(gap);
            addedMs.set(`good-${index}`, clock.monotonicMs());
            queue.add(`good-${index}`);
            // Somebody edits the poisoned object all the time.
            queue.add('poison');
          }
          await clock.advance(0);
          void queue.close();
          await clock.advance(10_000);
          await Promise.all(running);

          expect(waits).toEqual(gaps.map(() => 0));
        },
      ),
      { numRuns: 50 },
    );
  }, 60_000);

  it('lets an urgent key wait for one normal key in nine at most, and a normal one for eight urgent ones', async () => {
    const lane = fc.constantFrom('normal' as const, 'urgent' as const);
    const turn = fc.oneof(lane, fc.constant('take' as const));
    await fc.assert(
      fc.asyncProperty(fc.array(turn, { maxLength: 200 }), async (turns) => {
        const { queue } = makeQueue();
        /** For each waiting key, in order of arrival: how many of each lane were handed out since. */
        const waiting = new Map<string, { lane: Lane; ahead: number; normal: number; urgent: number }>();
        let added = 0;
        const take = async () => {
          const key = (await queue.take()) ?? '';
          const taken = waiting.get(key);
          waiting.delete(key);
          for (const other of waiting.values()) other[taken?.lane ?? 'normal'] += 1;
          if (taken?.lane === 'urgent')
            expect(taken.normal).toBeLessThanOrEqual(1 + Math.floor(taken.ahead / 8));
          else expect(taken?.urgent).toBeLessThanOrEqual(8 * ((taken?.ahead ?? 0) + 1));
        };
        for (const what of turns) {
          if (what === 'take') {
            if (waiting.size > 0) await take();
            continue;
          }
          const ahead = [...waiting.values()].filter((other) => other.lane === what).length;
          waiting.set(`key-${added}`, { lane: what, ahead, normal: 0, urgent: 0 });
          queue.add(`key-${added++}`, what);
        }
        while (waiting.size > 0) await take();
      }),
    );
  });

  it('loses nothing that is due when it is drained amidst failures, retries and delays', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 40 }),
        fc.integer({ min: 1, max: 3 }),
        fc.array(fc.record({ ms: fc.integer({ min: 0, max: 150 }), fails: fc.boolean() }), {
          minLength: 1,
          maxLength: 7,
        }),
        async (steps, workers, outcomes) => {
          const { clock, queue } = makeQueue();
          /** Keys that were added after the last work on them began. */
          const owed = new Set<string>();
          let taken = 0;
          const work = async () => {
            for (let key = await queue.take(); key !== undefined; key = await queue.take()) {
              owed.delete(key);
              const { ms, fails } = outcomes[taken++ % outcomes.length] ?? { ms: 0, fails: false };
              await new Promise<void>((resolve) => clock.after(ms, resolve));
              if (fails) queue.addRateLimited(key);
              else queue.forget(key);
              queue.done(key);
            }
          };
          const running = Array.from({ length: workers }, work);
          for (const one of steps) {
            if (one.kind === 'advance') await clock.advance(one.ms);
            else if (one.kind === 'addAfter') queue.addAfter(one.key, one.ms);
            else {
              owed.add(one.key);
              queue.add(one.key, one.lane);
              for (let passed = 0; passed < 5; passed++) await Promise.resolve();
            }
          }
          const drained = queue.drain();
          await clock.advance(10_000);
          await drained;
          await Promise.all(running);

          expect([...owed]).toEqual([]);
          expect(queue.counts).toEqual({ ready: 0, delayed: 0, working: 0 });
          expect(clock.pending).toBe(0);
        },
      ),
      { numRuns: 100 },
    );
  }, 60_000);
});
