import { describe, expect, it } from '@jest/globals';
import { done, waiting } from '../component.ts';
import { lookAgain, lookAgainMs } from './backoff.ts';

describe('lookAgainMs', () => {
  it('doubles from a tenth of a second to half a minute', () => {
    expect([0, 1, 2, 8, 9, 1000].map(lookAgainMs)).toEqual([100, 200, 400, 25_600, 30_000, 30_000]);
  });
});

describe('lookAgain', () => {
  it('delays only what asks to be looked at again', () => {
    expect(lookAgain(waiting('ServiceUnreachable', 'not yet', 100), 800)).toMatchObject({
      requeueAfterMs: 800,
    });
    expect(lookAgain(waiting('ApiServerStarting', 'an event will tell'), 800)).toMatchObject({
      requeueAfterMs: undefined,
    });
    expect(lookAgain(done(undefined), 800)).toEqual(done(undefined));
  });
});
