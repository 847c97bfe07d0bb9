import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { aClass } from '../../test/support/control-plane-class.ts';
import { type Member, planRollout } from './rollout.ts';

const minute = 60_000;
const policy = aClass().spec.rollout;

const old = (key: string, given: Partial<Member> = {}): Member => ({
  key,
  created: `2026-01-0${key.length}T00:00:00Z`,
  inForce: { isNewest: false, takenAtMs: 0, isSettled: true, wasWell: true },
  isWell: true,
  isLetIn: true,
  fits: true,
  ...given,
});
const taken = (key: string, takenAtMs: number, isSettled = false, given: Partial<Member> = {}): Member =>
  old(key, { inForce: { isNewest: true, takenAtMs, isSettled, wasWell: true }, ...given });
/** One that took the newest by itself. */
const born = (key: string, takenAtMs: number): Member =>
  old(key, { inForce: { isNewest: true, takenAtMs, isSettled: false, wasWell: undefined }, isWell: false });

describe('planRollout', () => {
  it('gives the newest to the oldest, one at a time', () => {
    expect(planRollout(policy, [old('ccc'), old('a'), old('bb')], 0)).toMatchObject({
      take: ['a'],
      state: 'RollingOut',
    });
    const plan = planRollout(policy, [taken('a', 0), old('bb')], 5 * minute);
    expect(plan).toMatchObject({ take: [], underWay: ['a'], state: 'RollingOut', lookMs: 10 * minute });
    expect(planRollout(policy, [taken('a', 0, true), old('bb')], minute)).toMatchObject({
      take: ['bb'],
      updated: 1,
    });
  });

  it('is complete when all have it', () => {
    const plan = planRollout(policy, [taken('a', 0, true), taken('bb', 0, true)], minute);
    expect(plan).toMatchObject({ take: [], updated: 2, state: 'Complete' });
    expect(plan).not.toHaveProperty('lookMs');
  });

  it('leaves those for last that are not well', () => {
    expect(planRollout(policy, [old('a', { isWell: false }), old('bb')], 0).take).toEqual(['bb']);
  });

  it('stops where one is not Ready in time, and goes on when it is', () => {
    const failed = planRollout(policy, [taken('a', 0), old('bb')], 15 * minute);
    expect(failed).toMatchObject({ take: [], failed: ['a'], underWay: [], state: 'Failed' });
    expect(planRollout(policy, [taken('a', 0, true), old('bb')], 16 * minute).take).toEqual(['bb']);
  });

  it('goes on without those that failed where it is told to', () => {
    const plan = planRollout({ ...policy, pauseOnFailure: false }, [taken('a', 0), old('bb')], 15 * minute);
    expect(plan).toMatchObject({ take: ['bb'], failed: ['a'], state: 'Failed' });
  });

  it('gives nothing to anybody while it is paused', () => {
    expect(planRollout({ ...policy, paused: true }, [old('a')], 0)).toMatchObject({
      take: [],
      state: 'Paused',
    });
  });

  it('is stopped by no birth that comes to nothing, nor by one that was not well before', () => {
    const unwell = old('bb', { inForce: { isNewest: true, takenAtMs: 0, isSettled: false, wasWell: false } });
    const plan = planRollout(policy, [born('a', 0), unwell, old('ccc')], 15 * minute);
    expect(plan).toMatchObject({ take: ['ccc'], failed: [], underWay: [], state: 'RollingOut' });
    expect(planRollout(policy, [born('a', 0), old('bb')], minute)).toMatchObject({
      take: ['bb'],
      underWay: ['a'],
    });
  });

  it('is stopped by nobody whose own quota or wish keeps it from what the class says', () => {
    const short = taken('a', 0, false, { isLetIn: false });
    const plan = planRollout(policy, [short, old('bb')], 15 * minute);
    expect(plan).toMatchObject({ take: ['bb'], failed: [], unfit: ['a'], updated: 0 });
    expect(planRollout(policy, [short], 15 * minute).state).toBe('Unfit');
  });

  it('counts those that are on their way with the generation before, and gives them the newest first', () => {
    const going = old('bb', { inForce: { isNewest: false, takenAtMs: 0, isSettled: false, wasWell: true } });
    expect(planRollout(policy, [old('a'), going], minute).take).toEqual(['bb']);
    expect(planRollout(policy, [old('a'), { ...going, fits: false }], minute)).toMatchObject({
      take: [],
      lookMs: 14 * minute,
    });
    expect(planRollout({ ...policy, maxConcurrent: 2 }, [old('a'), going], minute).take).toEqual(['bb', 'a']);
  });

  it('passes over whom the newest does not suit, and those who are not born', () => {
    const members = [old('a', { fits: false }), old('bb', { inForce: undefined })];
    expect(planRollout(policy, members, 0)).toMatchObject({ take: [], unfit: ['a'], state: 'Unfit' });
  });

  it('never has more on their way than it may, and ends with all that can, whatever becomes of each', () => {
    const outcomes = fc.array(
      fc.record({ needsMs: fc.integer({ min: 1, max: 14 * minute }), fits: fc.boolean() }),
      {
        maxLength: 12,
      },
    );
    fc.assert(
      fc.property(outcomes, fc.integer({ min: 1, max: 5 }), (all, maxConcurrent) => {
        let nowMs = 0;
        const members = new Map(all.map(({ fits }, index) => [`m${index}`, old(`m${index}`, { fits })]));
        for (let step = 0; step < 200; step += 1) {
          for (const [key, { inForce }] of members) {
            const needsMs = all[Number(key.slice(1))]?.needsMs ?? 0;
            if (inForce?.isNewest && nowMs - inForce.takenAtMs >= needsMs) {
              members.set(key, taken(key, inForce.takenAtMs, true));
            }
          }
          const plan = planRollout({ ...policy, maxConcurrent }, [...members.values()], nowMs);
          for (const key of plan.take) members.set(key, taken(key, nowMs));
          const underWay = [...members.values()].filter(
            ({ inForce }) => inForce?.isNewest && !inForce.isSettled,
          );
          expect(underWay.length).toBeLessThanOrEqual(maxConcurrent);
          nowMs += minute;
        }
        const settled = [...members.values()].filter(({ inForce }) => inForce?.isNewest && inForce.isSettled);
        expect(settled).toHaveLength(all.filter(({ fits }) => fits).length);
      }),
      { numRuns: 50 },
    );
  });
});
