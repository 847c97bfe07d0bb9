import { setTimeout as delay } from 'node:timers/promises';
import { LocalError } from './errors.ts';

/**
 * Asks again and again until `ask` has an answer; for what has no watch of its own.
 * @param ask undefined for "not yet"; a text for "not yet, because"
 * @throws LocalError TimedOut with the last reason
 */
export async function until<T>(
  operation: string,
  seconds: number,
  ask: () => Promise<{ readonly value: T } | string | undefined>,
  everyMilliseconds = 250,
): Promise<T> {
  const end = performance.now() + seconds * 1000;
  let reason = 'it did not happen';
  do {
    const answer = await ask();
    if (typeof answer === 'object') return answer.value;
    if (answer) reason = answer;
    await delay(everyMilliseconds);
  } while (performance.now() < end);
  throw new LocalError({ code: 'TimedOut', operation, message: `not within ${seconds} s: ${reason}` });
}
