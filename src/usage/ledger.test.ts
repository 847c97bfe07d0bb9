import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { MemoryUsageStore } from '../../test/support/memory-usage-store.ts';
import type { Changes, Subject } from './changes.ts';
import { meterExistence } from './existence.ts';
import { Ledger } from './ledger.ts';
import { meterResources } from './levels.ts';
import { meterRequests } from './requests.ts';
import { hourMs } from './sample.ts';

const bornMs = 1_000_000;
const subject: Subject = { uid: 'u', namespace: 'team-a', name: 'demo', bornMs };
const offer = { className: '', size: '' };

/** What one leader does at a moment: it looks, and what it writes gets through, does not, or does and is not heard of; `away`: nothing can be read either. */
type Write = 'heard' | 'lost' | 'unheard' | 'away';

class Leader {
  private ledger: Ledger | undefined;
  private provisional: Ledger | undefined;
  private readonly store: MemoryUsageStore;

  constructor(store: MemoryUsageStore) {
    this.store = store;
  }

  crash(): void {
    this.ledger = undefined;
    this.provisional = undefined;
  }

  async look(nowMs: number, requests: number, write: Write): Promise<void> {
    if (!this.ledger && write === 'away') {
      this.provisional ??= new Ledger();
      enterLevels(this.provisional, nowMs);
      return;
    }
    this.ledger ??= await this.read();
    const { ledger } = this;
    const cursors = ledger.cursors('u');
    ledger.register(subject);
    const existence = { bornMs, isStopped: false, ...offer };
    ledger.enter('u', 'existence', offer, meterExistence(cursors.existence, existence, nowMs));
    const reading = { pod: 'a', restarts: 0, startedMs: bornMs, value: requests, atMs: nowMs };
    ledger.enter('u', 'requests', offer, meterRequests(cursors.requests, [reading], { bornMs, nowMs }));
    enterLevels(ledger, nowMs);
    if (write === 'lost' || write === 'away') return;
    const changes = ledger.changes();
    const outcome = await this.store.commit(changes);
    if (outcome === 'Overtaken') {
      this.provisional = ledger;
      this.ledger = undefined;
    } else if (write === 'heard') ledger.settled(changes);
  }

  private async read(): Promise<Ledger> {
    const ledger = new Ledger(await this.store.load([subject.uid]));
    if (this.provisional) ledger.adopt(this.provisional);
    this.provisional = undefined;
    return ledger;
  }
}

/** One core, always. */
function enterLevels(ledger: Ledger, nowMs: number): void {
  const pod = { createdMs: 0, usage: { cpuCores: 1, memoryBytes: 1 } };
  ledger.register(subject);
  const cursor = ledger.cursors('u').resources;
  const step = meterResources(cursor, [pod], { nowMs, reachMs: hourMs / 2, bornMs });
  ledger.enter('u', 'resources', offer, step);
}

const look = fc.record({
  do: fc.constant('look' as const),
  leader: fc.nat(1),
  write: fc.constantFrom<Write>('heard', 'heard', 'lost', 'unheard', 'away'),
});
const crash = fc.record({ do: fc.constant('crash' as const), leader: fc.nat(1) });
const wait = fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 2 * hourMs }) });

/** All of the time until `nowMs`, and of levels what was looked at. */
function expectOnce(store: MemoryUsageStore, nowMs: number): void {
  const of = (source: string) =>
    store.samples.filter((sample) => sample.source === source).sort((a, b) => a.startMs - b.startMs);
  const total = { runningMs: 0, requests: 0 };
  for (const { amounts } of store.samples) {
    total.runningMs += amounts.runningMs ?? 0;
    total.requests += amounts.requests ?? 0;
  }
  expect(total).toEqual({
    runningMs: nowMs - bornMs,
    requests: Math.floor((nowMs - bornMs) / 1000),
  });
  for (const source of ['existence', 'requests'])
    for (const [index, { startMs }] of of(source).entries())
      expect(startMs).toBe(of(source)[index - 1]?.endMs ?? bornMs);
  for (const [index, { startMs, endMs, amounts }] of of('resources').entries()) {
    expect(startMs).toBeGreaterThanOrEqual(of('resources')[index - 1]?.endMs ?? bornMs);
    expect(amounts.cpuSeconds).toBeCloseTo((endMs - startMs) / 1000, 6);
  }
}

describe('what is written of a control plane', () => {
  it('is once what it was, though leaders crash, lead at once, and do not hear of what they wrote', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(look, crash, wait), { maxLength: 60 }), async (events) => {
        const store = new MemoryUsageStore();
        const leaders = [new Leader(store), new Leader(store)];
        let nowMs = bornMs + 1;
        for (const event of events) {
          if (event.do === 'wait') nowMs += event.ms;
          else if (event.do === 'crash') leaders[event.leader]?.crash();
          else await leaders[event.leader]?.look(nowMs, Math.floor((nowMs - bornMs) / 1000), event.write);
        }
        nowMs += 1;
        const last = new Leader(store);
        await last.look(nowMs, Math.floor((nowMs - bornMs) / 1000), 'heard');

        expectOnce(store, nowMs);
      }),
    );
  });

  it('is joined by the hour while it waits', () => {
    const ledger = new Ledger(new Map());
    ledger.register(subject);
    const existence = { bornMs: 0, isStopped: false, ...offer };

    for (let minute = 1; minute <= 150; minute += 1) {
      const step = meterExistence(ledger.cursors('u').existence, existence, minute * 60_000);
      ledger.enter('u', 'existence', offer, step);
    }

    const { samples, moves } = ledger.changes();
    expect(samples.map(({ startMs, endMs }) => [startMs / 60_000, endMs / 60_000])).toEqual([
      [0, 60],
      [60, 120],
      [120, 150],
    ]);
    expect(moves).toEqual([
      expect.objectContaining({ fromMs: undefined, cursor: expect.objectContaining({ untilMs: 9_000_000 }) }),
    ]);
    expect(ledger.size).toBe(3);
    ledger.settled(ledger.changes());
    expect(ledger.changes()).toEqual({ subjects: [], moves: [], samples: [] });
  });

  it('comes in batches of whole control planes, each the same until it is settled', () => {
    const ledger = new Ledger();
    for (const uid of ['a', 'b', 'c']) {
      ledger.register({ ...subject, uid });
      const existence = { bornMs: 0, isStopped: false, ...offer };
      ledger.enter(uid, 'existence', offer, meterExistence(undefined, existence, 10 * hourMs));
    }
    const uidsOf = (changes: Changes) => changes.moves.map(({ uid }) => uid);

    const first = ledger.changes(15);
    expect(uidsOf(first)).toEqual(['a', 'b']);
    expect(first.samples).toHaveLength(20);
    expect(ledger.changes(15)).toEqual(first);
    ledger.settled(first);
    expect(ledger.size).toBe(10);
    const last = ledger.changes(15);
    expect(uidsOf(last)).toEqual(['c']);
    ledger.settled(last);
    expect(ledger.isWritten).toBe(true);
  });

  it('is forgotten of one that is gone, and not before it is written', () => {
    const ledger = new Ledger();
    ledger.register({ ...subject, deletedMs: bornMs + 1 });
    ledger.forget('u');
    expect(ledger.subject('u')).toBeDefined();

    ledger.settled(ledger.changes());
    ledger.forget('u');

    expect(ledger.subject('u')).toBeUndefined();
  });

  it('is nothing of one that is not registered', () => {
    const ledger = new Ledger(new Map());

    ledger.enter('u', 'storage', offer, { cursor: { untilMs: 5 } });

    expect(ledger.changes().moves).toEqual([]);
  });
});
