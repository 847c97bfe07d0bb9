/** How much of a suite is run: `short` in CI, `long` by `npm run test:faults` and `npm run test:isolation`. */
export const form: 'short' | 'long' = process.env['MARINA_TEST_FORM'] === 'long' ? 'long' : 'short';

/** The number of repetitions, cycles or inputs for the form that is being run. */
export function scaled<T>(short: T, long: T): T {
  return form === 'long' ? long : short;
}

/** Of a random suite: `MARINA_SEED` runs the same again. */
export function seedOr(fallback: number): number {
  return Number(process.env['MARINA_SEED'] ?? fallback);
}
