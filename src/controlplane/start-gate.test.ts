import { beforeEach, describe, expect, it } from '@jest/globals';
import { ManualClock } from '../../test/support/manual-clock.ts';
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
      { admitted: false, ahead: 0 },
      { admitted: false, ahead: 1 },
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

  it('gives the place of a start that came to nothing to others', async () => {
    gate.enter('a', 'a', false);
    gate.enter('b', 'b', false);
    await clock.advance(121_000);

    expect(gate.enter('c', 'c', false).admitted).toBe(true);
  });
});

describe('startCapacity', () => {
  it('follows the cores of the management cluster', () => {
    expect(startCapacity(['2'])).toBe(3);
    expect(startCapacity(['3900m', '4'])).toBe(11);
    expect(startCapacity([])).toBe(2);
  });
});
