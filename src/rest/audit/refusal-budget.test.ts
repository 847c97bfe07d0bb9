import { describe, expect, it } from '@jest/globals';
import type { AuditFacts } from '../../persistence/audit/entry.ts';
import { someAuditFacts } from '../../../test/support/audit-facts.ts';
import { ManualClock } from '../../../test/support/manual-clock.ts';
import { RefusalBudget } from './refusal-budget.ts';

function someBudget() {
  const clock = new ManualClock();
  const written: AuditFacts[] = [];
  const budget = new RefusalBudget(clock, (facts) => written.push(facts));
  const refuse = (count: number, username: string | null) => {
    for (let n = 0; n < count; n += 1) budget.spend(someAuditFacts({ username, status: 403 }));
  };
  return { clock, written, budget, refuse };
}

const numbers = (entries: readonly AuditFacts[]) => entries.map(({ details }) => details['refusals'] ?? 1);
const sum = (entries: readonly AuditFacts[]) => numbers(entries).reduce<number>((a, b) => a + Number(b), 0);

describe('refusals of one user', () => {
  it('are a bounded number of entries, and none is left out of the count', async () => {
    const { clock, written, refuse } = someBudget();

    for (let second = 0; second < 60; second += 1) {
      refuse(100, 'eve');
      await clock.advance(1_000);
    }

    expect(written.length).toBeLessThanOrEqual(6 * 51);
    expect(sum(written)).toBe(6_000);
    const last = written.at(-1);
    expect(last).toMatchObject({ username: 'eve', status: 403, details: { refusals: 950 } });
    expect(new Date(String(last?.details['until'])).getTime()).toBeGreaterThan(0);
    expect(new Set(written.map(({ exchange }) => exchange)).size).toBe(written.length);
  });

  it('are written one by one while they are few, and take nothing from others', async () => {
    const { clock, written, refuse } = someBudget();

    refuse(1_000, 'eve');
    refuse(3, 'ada');
    refuse(3, null);
    await clock.advance(10_000);

    expect(numbers(written.filter(({ username }) => username === 'ada'))).toEqual([1, 1, 1]);
    expect(numbers(written.filter(({ username }) => username === null))).toEqual([1, 1, 1]);
  });

  it('are told as far as they came when the process ends', () => {
    const { written, budget, refuse, clock } = someBudget();
    refuse(60, 'eve');

    budget.close();

    expect(sum(written)).toBe(60);
    expect(clock.pending).toBe(0);
  });
});
