import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type ExpiryFacts, planExpiry } from './plan.ts';

const hour = 3_600_000;
const day = 24 * hour;

const facts = (given: Partial<ExpiryFacts>): ExpiryFacts => ({
  createdMs: 0,
  lifetimeMs: 8 * hour,
  warnedAtMs: undefined,
  nowMs: 0,
  ...given,
});

describe('planExpiry', () => {
  it('has no end without a lifetime', () => {
    expect(planExpiry(facts({ lifetimeMs: undefined, nowMs: 99 * day }))).toEqual({ state: 'Endless' });
  });

  it('comes back for the warning: a tenth of the life before its end', () => {
    expect(planExpiry(facts({}))).toEqual({
      state: 'Alive',
      expiresAtMs: 8 * hour,
      lookAtMs: 7.2 * hour,
    });
  });

  it('warns an hour before the end of a long life', () => {
    expect(planExpiry(facts({ lifetimeMs: 30 * day }))).toMatchObject({ lookAtMs: 30 * day - hour });
  });

  it('warns when it is time, and comes back for the end', () => {
    expect(planExpiry(facts({ nowMs: 7.3 * hour }))).toEqual({
      state: 'Warned',
      expiresAtMs: 8.1 * hour,
      lookAtMs: 8.1 * hour,
      warnedAtMs: 7.3 * hour,
    });
  });

  it('ends a life of which it was warned, and no other', () => {
    expect(planExpiry(facts({ nowMs: 8 * hour, warnedAtMs: 7.2 * hour })).state).toBe('Due');
    expect(planExpiry(facts({ nowMs: 20 * day })).state).toBe('Warned');
  });

  it('takes a warning back when the life is made longer', () => {
    expect(planExpiry(facts({ lifetimeMs: day, nowMs: 8 * hour, warnedAtMs: 7.2 * hour })).state).toBe(
      'Alive',
    );
  });

  it('deletes nothing before its time, and nothing without a warning as long as it has to be', () => {
    const times = fc.integer({ min: 0, max: 100 * day });
    fc.assert(
      fc.property(
        times,
        fc.integer({ min: 60_000, max: 60 * day }),
        fc.option(times, { nil: undefined }),
        times,
        (createdMs, lifetimeMs, warnedAtMs, nowMs) => {
          const plan = planExpiry({ createdMs, lifetimeMs, warnedAtMs, nowMs });
          if (plan.state !== 'Due') return;
          expect(nowMs).toBeGreaterThanOrEqual(createdMs + lifetimeMs);
          expect(nowMs - (warnedAtMs ?? nowMs)).toBeGreaterThanOrEqual(Math.min(lifetimeMs / 10, hour));
        },
      ),
    );
  });

  it('comes to its end when it is looked at each time that it names, after a warning, whenever it begins', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 60_000, max: 60 * day }),
        fc.integer({ min: 0, max: 90 * day }),
        (lifetimeMs, startMs) => {
          let nowMs = startMs;
          let warnedAtMs: number | undefined;
          const states: string[] = [];
          for (let look = 0; look < 5; look += 1) {
            const plan = planExpiry({ createdMs: 0, lifetimeMs, warnedAtMs, nowMs });
            states.push(plan.state);
            if (plan.state === 'Due' || plan.state === 'Endless') break;
            warnedAtMs = plan.state === 'Warned' ? plan.warnedAtMs : undefined;
            nowMs = plan.lookAtMs;
          }
          expect(states.at(-1)).toBe('Due');
          expect(states.at(-2)).toBe('Warned');
        },
      ),
    );
  });
});
