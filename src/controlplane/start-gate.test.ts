import { beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ManualClock } from '../../test/support/manual-clock.ts';
import type { Node } from '../kube/resources.ts';
import { startCapacity, StartGate } from './start-gate.ts';

describe('StartGate', () => {
  let clock: ManualClock;
  let woken: string[];
  let gate: StartGate;

  beforeEach(() => {
    clock = new ManualClock();
    woken = [];
    gate = new StartGate({ capacity: () => 2, wake: (key) => woken.push(key), clock });
  });

  it('admits as many as there is room for and tells the others their place', () => {
    expect(['a', 'b', 'c', 'd'].map((uid) => gate.enter(uid, uid, false))).toEqual([
      { admitted: true },
      { admitted: true },
      { admitted: false, ahead: 0, retryMs: 30_000 },
      { admitted: false, ahead: 1, retryMs: 30_000 },
    ]);
  });

  it('wakes the one that has waited longest, which then is admitted before any newcomer', () => {
    for (const uid of ['a', 'b', 'c', 'd']) gate.enter(uid, `ns/${uid}`, false);

    gate.leave('a');

    expect(woken).toEqual(['ns/c']);
    expect(gate.enter('e', 'ns/e', false).admitted).toBe(false);
    expect(gate.enter('d', 'ns/d', false).admitted).toBe(false);
    expect(gate.enter('c', 'ns/c', false).admitted).toBe(true);
  });

  it('counts a start that is under way, and never stops it', () => {
    expect(gate.enter('a', 'a', true).admitted).toBe(true);
    expect(gate.enter('b', 'b', true).admitted).toBe(true);
    expect(gate.enter('c', 'c', true).admitted).toBe(true);

    expect(gate.enter('d', 'd', false).admitted).toBe(false);
  });

  it('says yes again to one that is starting', () => {
    gate.enter('a', 'a', false);

    expect(gate.enter('a', 'a', false).admitted).toBe(true);
  });

  it('forgets one that left while it waited', () => {
    for (const uid of ['a', 'b', 'c', 'd']) gate.enter(uid, uid, false);

    gate.leave('c');
    gate.leave('a');

    expect(woken).toEqual(['d']);
  });

  it('takes the place of one that no longer asks', async () => {
    for (const uid of ['a', 'b', 'gone', 'd']) gate.enter(uid, uid, false);
    await clock.advance(61_000);
    gate.enter('d', 'd', false);
    gate.leave('a');

    expect(gate.enter('d', 'd', false).admitted).toBe(true);
  });

  it('gives the place of a start that came to nothing to others, and tells them when to come for it', async () => {
    gate.enter('a', 'a', false);
    gate.enter('b', 'b', false);
    await clock.advance(100_000);
    expect(gate.enter('c', 'c', false)).toEqual({ admitted: false, ahead: 0, retryMs: 20_000 });
    await clock.advance(20_000);

    expect(gate.enter('c', 'c', false).admitted).toBe(true);
  });

  it('does not count a start again that is over its budget and still under way', async () => {
    for (const uid of ['a', 'b']) gate.enter(uid, uid, false);
    await clock.advance(120_000);

    for (const uid of ['a', 'b']) expect(gate.enter(uid, uid, true).admitted).toBe(true);

    expect(gate.enter('c', 'c', false).admitted).toBe(true);
    expect(gate.enter('d', 'd', false).admitted).toBe(true);
    expect(gate.enter('e', 'e', false).admitted).toBe(false);
  });

  it('does not count a control plane whose start failed, however often it tries again', () => {
    for (const uid of ['a', 'b']) gate.enter(uid, uid, false);
    gate.enter('c', 'c', false);

    gate.stall('a');
    expect(woken).toEqual(['c']);
    expect(gate.enter('a', 'a', true).admitted).toBe(true);

    expect(gate.enter('c', 'c', false).admitted).toBe(true);
  });

  it('counts it again at its next start once it has run', () => {
    gate.stall('a');
    gate.leave('a');
    gate.enter('a', 'a', false);
    gate.enter('b', 'b', false);

    expect(gate.enter('c', 'c', false).admitted).toBe(false);
  });

  it('lets those behind go first when the one that was woken does not come, and keeps its place', async () => {
    for (const uid of ['a', 'b', 'slow', 'd', 'e']) gate.enter(uid, uid, false);
    gate.leave('a');
    expect(woken).toEqual(['slow']);
    expect(gate.enter('d', 'd', false)).toEqual({ admitted: false, ahead: 1, retryMs: 10_000 });
    await clock.advance(10_000);

    expect(gate.enter('d', 'd', false).admitted).toBe(true);
    gate.leave('b');
    expect(gate.enter('slow', 'slow', false).admitted).toBe(true);
  });

  it('wakes nobody twice for the same place', () => {
    for (const uid of ['a', 'b', 'c']) gate.enter(uid, uid, false);
    gate.leave('a');
    gate.leave('x');
    gate.leave('x');

    expect(woken).toEqual(['c']);
  });

  it('wakes more when the machines have become more', () => {
    let capacity = 1;
    const growing = new StartGate({ capacity: () => capacity, wake: (key) => woken.push(key), clock });
    for (const uid of ['a', 'b', 'c', 'd']) growing.enter(uid, uid, false);
    capacity = 3;
    growing.leave('a');

    expect(woken).toEqual(['b', 'c', 'd']);
  });
});

describe('a crowd at the gate', () => {
  const hour = 60 * 60_000;
  const budget = 2 * 60_000;
  const crowds = (
    fates: readonly Fate[],
    longest: { readonly asksAtMs: number; readonly startTakesMs: number },
  ) =>
    fc.record({
      capacity: fc.integer({ min: 1, max: 4 }),
      tenants: fc.array(
        fc.record({
          asksAtMs: fc.integer({ min: 0, max: longest.asksAtMs }),
          startTakesMs: fc.integer({ min: 1, max: longest.startTakesMs }),
          fate: fc.constantFrom(...fates),
        }),
        { minLength: 1, maxLength: 25 },
      ),
    });

  it('is never larger than the capacity, and everyone is admitted, whatever becomes of the others', async () => {
    const all = crowds(['runs', 'runs', 'hangs', 'crashes'], { asksAtMs: 60_000, startTakesMs: 60_000 });
    await fc.assert(
      fc.asyncProperty(all, async ({ capacity, tenants }) => {
        const crowd = new Crowd(capacity, tenants, { retries: true });
        await crowd.pass(hour);

        expect(crowd.admitted.size).toBe(tenants.length);
        expect(crowd.mostCounted).toBeLessThanOrEqual(capacity);
        const rounds = Math.ceil(tenants.length / capacity);
        expect(crowd.lastAdmissionMs).toBeLessThanOrEqual(60_000 + rounds * budget);
      }),
    );
  });

  it('gets in by being woken alone, in the order in which it came, when every start ends', async () => {
    // Short enough for nobody to lose a place by silence.
    const ending = crowds(['runs', 'crashes'], { asksAtMs: 10_000, startTakesMs: 1000 });
    await fc.assert(
      fc.asyncProperty(ending, async ({ capacity, tenants }) => {
        const crowd = new Crowd(capacity, tenants, { retries: false });
        await crowd.pass(hour);

        expect([...crowd.admitted]).toEqual([...crowd.asked]);
        expect(crowd.admitted.size).toBe(tenants.length);
      }),
    );
  });
});

type Fate = 'runs' | 'hangs' | 'crashes';

interface PlannedTenant {
  readonly asksAtMs: number;
  readonly startTakesMs: number;
  readonly fate: Fate;
}

/** Control planes that ask as the reconciler does: when woken, when told to retry, and now and then while they start. */
class Crowd {
  readonly asked = new Set<string>();
  readonly admitted = new Set<string>();
  mostCounted = 0;
  lastAdmissionMs = 0;
  private readonly clock = new ManualClock();
  private readonly tenants: ReadonlyMap<string, PlannedTenant>;
  private readonly gate: StartGate;
  private readonly retries: boolean;
  /** Since when, of those that have been admitted and neither run nor failed. */
  private readonly starting = new Map<string, number>();

  constructor(
    capacity: number,
    tenants: readonly PlannedTenant[],
    { retries }: { readonly retries: boolean },
  ) {
    this.retries = retries;
    this.tenants = new Map(tenants.map((tenant, index) => [`tenant-${index}`, tenant]));
    this.gate = new StartGate({
      capacity: () => capacity,
      wake: (key) => this.clock.after(0, () => this.ask(key)),
      clock: this.clock,
    });
    for (const [uid, { asksAtMs }] of this.tenants) this.clock.after(asksAtMs, () => this.ask(uid));
  }

  async pass(ms: number): Promise<void> {
    await this.clock.advance(ms);
  }

  private ask(uid: string): void {
    this.asked.add(uid);
    const admission = this.gate.enter(uid, uid, this.admitted.has(uid));
    if (!admission.admitted) {
      if (this.retries) this.clock.after(admission.retryMs, () => this.ask(uid));
      return;
    }
    if (this.admitted.has(uid)) return;
    this.admitted.add(uid);
    this.lastAdmissionMs = this.clock.monotonicMs();
    this.start(uid);
  }

  private start(uid: string): void {
    const now = this.clock.monotonicMs();
    this.starting.set(uid, now);
    const counted = [...this.starting.values()].filter((since) => now - since < 120_000);
    this.mostCounted = Math.max(this.mostCounted, counted.length);
    const { fate, startTakesMs } = this.tenants.get(uid) as PlannedTenant;
    if (fate === 'hangs') {
      this.clock.after(45_000, () => this.tryAgain(uid));
      return;
    }
    this.clock.after(startTakesMs, () => {
      this.starting.delete(uid);
      if (fate === 'crashes') this.gate.stall(uid);
      else this.gate.leave(uid);
    });
  }

  /** Reconciled while it hangs, for an hour of it. */
  private tryAgain(uid: string): void {
    this.ask(uid);
    if (this.clock.monotonicMs() < 60 * 60_000) this.clock.after(45_000, () => this.tryAgain(uid));
  }
}

describe('startCapacity', () => {
  const node = (cpu: string, ready: 'True' | 'Unknown' = 'True', unschedulable = false): Node => ({
    spec: { unschedulable },
    status: { allocatable: { cpu }, conditions: [{ type: 'Ready', status: ready }] },
  });

  it('follows the cores of the management cluster', () => {
    expect(startCapacity([node('2')])).toBe(2);
    expect(startCapacity([node('3900m'), node('4')])).toBe(7);
  });

  it('leaves out nodes that are lost or cordoned, and is never so small that one start keeps all others', () => {
    expect(startCapacity([node('4'), node('16', 'Unknown'), node('16', 'True', true)])).toBe(4);
    expect(startCapacity([])).toBe(2);
  });
});
