import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '../../../test/support/manual-clock.ts';
import { Sample } from './sample.ts';

describe('a sample', () => {
  it('has the first few of a window, and the next says how many it had not', async () => {
    const clock = new ManualClock();
    const sample = new Sample(clock, 2, 10_000);
    const taken = Array.from({ length: 5 }, () => sample.take());

    expect(taken).toEqual([{ omitted: 0 }, { omitted: 0 }, undefined, undefined, undefined]);
    await clock.advance(10_000);
    expect([sample.take(), sample.take(), sample.take()]).toEqual([
      { omitted: 3 },
      { omitted: 0 },
      undefined,
    ]);
  });
});
