import { randomInt } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { startDataWorld } from '../support/data-world.ts';
import { recordFigure } from '../support/figures.ts';
import { scaled, seedOr } from '../support/form.ts';
import { superviseMarina } from '../support/supervised-marina.ts';
import { WriteLedger } from '../support/write-ledger.ts';

const moves = scaled(2, 20);
/** Of each move, in milliseconds after the death before: long enough to copy something, short enough to hit a phase. */
const livesMs = fc.array(fc.integer({ min: 300, max: 4000 }), { minLength: 2, maxLength: 5 });
/** What is kept of the move before is moved onto, or is discarded first. */
const plans = fc.record({ livesMs, discards: fc.boolean() });

describe('a Marina that is killed at random while a control plane moves to another store and back', () => {
  const seed = seedOr(randomInt(2 ** 31));
  const schedule = fc.sample(plans, { seed, numRuns: moves });

  it(
    `loses no acknowledged write, and has it Ready again each time (seed ${seed})`,
    async () => {
      await using world = await startDataWorld();
      const marina = superviseMarina({ kubeconfigPath: world.cluster.kubeconfigPath, identity: 'mortal' });
      await using stack = new AsyncDisposableStack();
      stack.defer(() => marina.stop());
      const demo = await Promise.race([world.born('demo'), marina.trouble]);
      await world.fill(demo, scaled(5, 14));
      const ledger = stack.use(new WriteLedger(await world.cluster.adminOf(demo)));

      for (const [number, plan] of schedule.entries()) {
        const [from, to] =
          number % 2 === 0 ? (['default', 'postgres'] as const) : (['postgres', 'default'] as const);
        const moving = world.move('demo', to);
        const [migration] = await Promise.race([
          Promise.all([moving, marina.killAfter(plan.livesMs)]),
          marina.trouble,
        ]);
        expect(migration).toMatchObject({ from, to, contentSha256: expect.stringMatching(/^[0-9a-f]{64}$/) });
        expect(await world.kept.keysIn(from, demo)).toBeGreaterThan(100);
        await ledger.progress(60_000);
        if (plan.discards) await world.discard('demo', from);
      }

      expect(await ledger.settle()).toEqual([]);
      const value = `${marina.deaths} times, ${moves} moves, ${ledger.acknowledged} acknowledged writes`;
      recordFigure('manager killed during moves', value);
    },
    moves * 300_000,
  );
});
