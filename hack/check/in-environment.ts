import { failure, sum } from './jest-report.ts';
import type { Tally } from './jest-report.ts';

/** What can be done with the local environment of this checkout. */
export interface Environment {
  /** `stopped`: there, but it does not answer (an interrupted `npm run up`, a reboot). */
  state(): Promise<'up' | 'stopped' | 'absent'>;
  up(): Promise<boolean>;
  down(): Promise<boolean>;
  collectLogs(): Promise<void>;
}

/** Works in the environment that is there, or in one made for it and taken away again, with its logs kept when anything failed. */
export async function inEnvironment(environment: Environment, work: () => Promise<Tally>): Promise<Tally> {
  const before = await environment.state();
  const tallies: Tally[] = [];
  try {
    const isUp = before === 'up' || (await environment.up());
    tallies.push(isUp ? await work() : failure('`npm run up` failed'));
  } finally {
    if (tallies.every(({ failed }) => failed > 0)) {
      // Without logs it is still to be taken down.
      await environment.collectLogs().catch((error: unknown) => console.error('no logs:', error));
    }
    if (before === 'absent' && !(await environment.down())) tallies.push(failure('`npm run down` failed'));
  }
  return sum(tallies);
}
