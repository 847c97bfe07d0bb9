import { randomInt } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { scaled, seedOr } from '../support/form.ts';
import { recordFigure } from '../support/figures.ts';
import { createWorkspace, readPlantedBugs, type Workspace } from '../support/planted-bugs.ts';

const all = await readPlantedBugs(fileURLToPath(new URL('planted-bugs', import.meta.url)));
const seed = seedOr(randomInt(2 ** 31));
const bugs =
  fc.sample(
    fc.shuffledSubarray([...all], { minLength: scaled(8, all.length), maxLength: scaled(8, all.length) }),
    { seed, numRuns: 1 },
  )[0] ?? [];

/** Tests are trusted for as long as they notice mistakes that somebody could make. */
describe(`the tests notice (MARINA_SEED=${seed}) that`, () => {
  let workspace: Workspace;
  let caught = 0;

  beforeAll(async () => {
    workspace = await createWorkspace(fileURLToPath(new URL('../..', import.meta.url)));
  });

  afterAll(async () => {
    recordFigure('planted bugs caught', `${caught} of ${bugs.length}`);
    await workspace[Symbol.asyncDispose]();
  });

  it.each(bugs)('$sentence ($name)', async (bug) => {
    await workspace.apply(bug);
    try {
      const outcome = await workspace.test(bug);

      expect(outcome).toMatchObject({ broken: 0 });
      expect(outcome.failed).toBeGreaterThan(0);
      caught += 1;
    } finally {
      await workspace.revert(bug);
    }
  });
});
