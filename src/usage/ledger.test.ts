import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Changes, Known, Subject, UsageStore } from './changes.ts';
import { meterExistence } from './existence.ts';
import { Ledger } from './ledger.ts';
import { meterRequests } from './requests.ts';
import { hourMs, type Sample } from './sample.ts';

const acceptedMs = 1_000_000;
const subject: Subject = { uid: 'u', namespace: 'team-a', name: 'demo', acceptedMs };
const offer = { className: '', size: '' };

/** As the database does it: cursors move from where they were read, or nothing happens. */
class MemoryStore implements UsageStore {
  readonly samples: Sample[] = [];
  private readonly known = new Map<string, Known>();

  async load(): Promise<ReadonlyMap<string, Known>> {
    return new Map(this.known);
  }

  async commit({ subjects, moves, samples }: Changes): Promise<'Committed' | 'Overtaken'> {
    for (const { uid, source, fromMs } of moves)
      if (this.known.get(uid)?.cursors[source]?.untilMs !== fromMs) return 'Overtaken';
    for (const each of subjects)
      this.known.set(each.uid, { subject: each, cursors: this.known.get(each.uid)?.cursors ?? {} });
    for (const { uid, source, cursor } of moves) {
      const present = this.known.get(uid);
      if (present) this.known.set(uid, { ...present, cursors: { ...present.cursors, [source]: cursor } });
    }
    this.samples.push(...samples);
    return 'Committed';
  }
}

/** What one leader does at a moment: it looks, and what it writes gets through, does not, or does and is not heard of. */
type Write = 'heard' | 'lost' | 'unheard';

class Leader {
  private ledger: Ledger | undefined;
  private readonly store: MemoryStore;

  constructor(store: MemoryStore) {
    this.store = store;
  }

  crash(): void {
    this.ledger = undefined;
  }

  async look(nowMs: number, requests: number, write: Write): Promise<void> {
    this.ledger ??= new Ledger(await this.store.load());
    const { ledger } = this;
    const cursors = ledger.cursors('u');
    ledger.register(subject);
    const existence = { acceptedMs, isStopped: false, ...offer };
    ledger.enter('u', 'existence', offer, meterExistence(cursors.existence, existence, nowMs));
    const reading = { pod: 'a', restarts: 0, startedMs: acceptedMs, value: requests, atMs: nowMs };
    ledger.enter('u', 'requests', offer, meterRequests(cursors.requests, [reading], { acceptedMs, nowMs }));
    if (write === 'lost') return;
    const outcome = await this.store.commit(ledger.changes());
    if (outcome === 'Overtaken') this.ledger = undefined;
    else if (write === 'heard') ledger.settled();
  }
}

const look = fc.record({
  do: fc.constant('look' as const),
  leader: fc.nat(1),
  write: fc.constantFrom<Write>('heard', 'heard', 'lost', 'unheard'),
});
const crash = fc.record({ do: fc.constant('crash' as const), leader: fc.nat(1) });
const wait = fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 2 * hourMs }) });

describe('what is written of a control plane', () => {
  it('is once what it was, though leaders crash, lead at once, and do not hear of what they wrote', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(look, crash, wait), { maxLength: 60 }), async (events) => {
        const store = new MemoryStore();
        const leaders = [new Leader(store), new Leader(store)];
        let nowMs = acceptedMs + 1;
        for (const event of events) {
          if (event.do === 'wait') nowMs += event.ms;
          else if (event.do === 'crash') leaders[event.leader]?.crash();
          else await leaders[event.leader]?.look(nowMs, Math.floor((nowMs - acceptedMs) / 1000), event.write);
        }
        nowMs += 1;
        const last = new Leader(store);
        await last.look(nowMs, Math.floor((nowMs - acceptedMs) / 1000), 'heard');

        const of = (source: string) =>
          store.samples.filter((sample) => sample.source === source).sort((a, b) => a.startMs - b.startMs);
        const total = { runningMs: 0, requests: 0 };
        for (const { amounts } of store.samples) {
          total.runningMs += amounts.runningMs ?? 0;
          total.requests += amounts.requests ?? 0;
        }
        expect(total).toEqual({
          runningMs: nowMs - acceptedMs,
          requests: Math.floor((nowMs - acceptedMs) / 1000),
        });
        for (const source of ['existence', 'requests'])
          for (const [index, { startMs }] of of(source).entries())
            expect(startMs).toBe(of(source)[index - 1]?.endMs ?? acceptedMs);
      }),
    );
  });

  it('is joined by the hour while it waits', () => {
    const ledger = new Ledger(new Map());
    ledger.register(subject);
    const existence = { acceptedMs: 0, isStopped: false, ...offer };

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
    ledger.settled();
    expect(ledger.changes()).toEqual({ subjects: [], moves: [], samples: [] });
  });

  it('is nothing of one that is not registered', () => {
    const ledger = new Ledger(new Map());

    ledger.enter('u', 'storage', offer, { cursor: { untilMs: 5 } });

    expect(ledger.changes().moves).toEqual([]);
  });
});
