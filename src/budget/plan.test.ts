import { describe, expect, it } from '@jest/globals';
import type { StorageBudgetStatus } from '../api/v1alpha1/storage-budget.ts';
import { type Amount, type BudgetFacts, lifted, percentOf, planBudget } from './plan.ts';

const start = new Date('2026-11-21T08:00:00Z');
const budget = { bytes: 1000, objects: 100 };

describe('the share of a budget that is spent', () => {
  it('is the larger one', () => {
    expect(percentOf({ bytes: 500, objects: 80 }, budget)).toBe(80);
    expect(percentOf({ bytes: 1500, objects: 80 }, budget)).toBe(150);
    expect(percentOf({ bytes: 1500, objects: 80 }, { objects: 100 })).toBe(80);
  });
});

describe('a cluster within its budget', () => {
  it('is held to nothing', () => {
    expect(plan(amount(1000, 100))).toEqual({ bytes: 1000, objects: 100, percent: 100, enforcement: 'None' });
  });

  it('says so again only when the figures have moved by much, or are nearly spent', () => {
    const told = plan(amount(780, 1));
    expect(plan(amount(750, 1), { told })).toBe(told);
    expect(plan(amount(800, 1), { told })).toMatchObject({ percent: 80 });
    expect(plan(amount(730, 1), { told })).toMatchObject({ percent: 73 });
    const near = plan(amount(800, 1), { told });
    expect(plan(amount(790, 1), { told: near })).toBe(near);
  });
});

describe('a cluster over its budget', () => {
  const over = plan(amount(1001, 1));

  it('gets the admission policy, with some room for what that lets through', () => {
    expect(over).toMatchObject({
      enforcement: 'AdmissionPolicy',
      since: '2026-11-21T08:00:00Z',
      ceiling: { bytes: 1200, objects: 120 },
    });
    expect(over).not.toHaveProperty('policyHash');
  });

  it('by its objects alone is so as well', () => {
    expect(plan(amount(1, 101)).enforcement).toBe('AdmissionPolicy');
  });

  it('keeps to it while the policy is not there yet, or cannot be looked at', () => {
    expect(plan(amount(1001, 1), { told: over, state: 'Absent' })).toBe(over);
    expect(plan(amount(1001, 1), { told: seen(over), state: 'Unknown' })).toEqual(seen(over));
  });

  it('remembers which policy was there, and takes another wording for no attack', () => {
    expect(plan(amount(1001, 1), { told: over, state: 'InPlace' })).toEqual(seen(over));
    const reworded = { told: { ...over, policyHash: 'earlier' }, state: 'Changed' } as const;
    expect(plan(amount(1001, 1), reworded)).toEqual(over);
  });

  it('has the ceiling of the budget that it has now', () => {
    const other = { told: { ...over, policyHash: 'earlier' }, budget: { objects: 10 } } as const;
    expect(plan(amount(1001, 11), other).ceiling).toEqual({ objects: 12 });
  });

  it.each(['Absent', 'Changed'] as const)('finds the store shut when the policy is %s', (state) => {
    expect(plan(amount(1001, 1), { told: seen(over), state })).toMatchObject({
      enforcement: 'Store',
      closures: 1,
      reopensAt: '2026-11-21T08:00:30Z',
      message: expect.stringMatching(/removed|changed/),
    });
  });

  it('finds the store shut when it goes on growing all the same', () => {
    expect(plan(amount(1200, 1), { told: seen(over), state: 'InPlace' }).enforcement).toBe('AdmissionPolicy');
    const shut = plan(amount(1201, 1), { told: seen(over), state: 'InPlace' });
    expect(shut).toMatchObject({ enforcement: 'Store', message: expect.stringContaining('growing') });
  });

  it('has the limit lifted when it is well within the budget, and not on its edge', () => {
    expect(plan(amount(999, 1), { told: seen(over), state: 'InPlace' }).enforcement).toBe('AdmissionPolicy');
    const free = plan(amount(950, 1), { told: seen(over), state: 'Absent' });
    expect(free).toEqual({
      bytes: 950,
      objects: 1,
      percent: 95,
      enforcement: 'None',
      since: '2026-11-21T08:00:00Z',
    });
  });
});

describe('a cluster whose store is shut', () => {
  const over = seen(plan(amount(1500, 1)));
  const shut = plan(amount(1500, 1), { told: over, state: 'Absent' });

  it('stays so until its time has come', () => {
    expect(plan(amount(1500, 1), { told: shut, afterMs: 29_000 })).toBe(shut);
  });

  it('is opened then under the policy, may delete, and is shut for longer when it goes on', () => {
    const open = plan(amount(1500, 1), { told: shut, afterMs: 30_000 });
    expect(open).toMatchObject({
      enforcement: 'AdmissionPolicy',
      since: '2026-11-21T08:00:30Z',
      closures: 1,
      ceiling: { bytes: 1575 },
    });
    expect(open).not.toHaveProperty('policyHash');
    expect(open).not.toHaveProperty('reopensAt');
    const again = { told: seen(open), state: 'Absent', afterMs: 30_000 } as const;
    expect(plan(amount(1500, 1), again)).toMatchObject({ closures: 2, reopensAt: '2026-11-21T08:01:30Z' });
    const often = plan(amount(1500, 1), { told: { ...seen(open), closures: 40 }, state: 'Absent' });
    expect(often).toMatchObject({ closures: 41, reopensAt: '2026-11-21T08:30:00Z' });
  });

  it('stays so at more than twice the budget, until that is raised', () => {
    const hopeless = plan(amount(2000, 1), { told: over, state: 'Absent' });
    expect(hopeless).toMatchObject({ enforcement: 'Store', message: expect.stringContaining('larger one') });
    expect(hopeless).not.toHaveProperty('reopensAt');
    expect(plan(amount(2000, 1), { told: hopeless, afterMs: 86_400_000 })).toBe(hopeless);
    expect(plan(amount(2000, 1), { told: hopeless, budget: { bytes: 2500 } }).enforcement).toBe('None');
  });

  it('is opened at once when the budget is raised', () => {
    expect(plan(amount(1500, 1), { told: shut, budget: { bytes: 2000 } })).toMatchObject({
      enforcement: 'None',
      percent: 75,
    });
  });

  it('is opened when there is no budget for it any more', () => {
    expect(lifted(shut, start)).toEqual({
      bytes: 1500,
      objects: 1,
      percent: 150,
      enforcement: 'None',
      since: '2026-11-21T08:00:00Z',
    });
  });
});

function amount(bytes: number, objects: number): Amount {
  return { bytes, objects };
}

function plan(
  usage: Amount,
  more: Partial<Pick<BudgetFacts, 'told' | 'budget'>> & {
    readonly state?: BudgetFacts['policy']['state'];
    readonly afterMs?: number;
  } = {},
): StorageBudgetStatus {
  const { state = 'Unknown', afterMs = 0 } = more;
  return planBudget({
    budget: more.budget ?? budget,
    usage,
    told: more.told,
    policy: { hash: 'current', state },
    now: new Date(start.getTime() + afterMs),
  });
}

function seen(status: StorageBudgetStatus): StorageBudgetStatus {
  return { ...status, policyHash: 'current' };
}
