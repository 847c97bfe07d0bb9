import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '../../../test/support/manual-clock.ts';
import type { KubeClient } from '../../kube/client.ts';
import { TokenReviews } from './token-reviews.ts';

/** An API server that knows the token `good`. */
function reviewing() {
  const seen = { reviews: 0, isDown: false };
  const create = async (_: unknown, { spec }: { readonly spec: { readonly token: string } }) => {
    seen.reviews += 1;
    if (seen.isDown) throw new Error('down');
    const status = {
      authenticated: spec.token === 'good',
      audiences: ['marina.dev'],
      user: { username: 'ada' },
    };
    return { spec, status };
  };
  const clock = new ManualClock();
  const reviews = new TokenReviews({ create: create as unknown as KubeClient['create'] }, clock);
  return { seen, clock, reviews };
}

describe('token reviews', () => {
  it('are asked for once in ten seconds, good or not', async () => {
    const { seen, clock, reviews } = reviewing();

    for (const token of ['good', 'bad', 'good', 'bad']) await reviews.judge(token);
    expect(seen.reviews).toBe(2);
    await clock.advance(10_000);
    await reviews.judge('good');

    expect(seen.reviews).toBe(3);
  });

  it('know a token that was good for ten minutes, and one that was not for as long as that is believed', async () => {
    const { clock, reviews } = reviewing();
    expect(await reviews.knows('good')).toBe(false);
    for (const token of ['good', 'bad']) await reviews.judge(token);

    expect([await reviews.knows('good'), await reviews.knows('bad')]).toEqual([true, true]);
    await clock.advance(599_000);
    expect([await reviews.knows('good'), await reviews.knows('bad')]).toEqual([true, false]);
    await clock.advance(1_000);
    expect(await reviews.knows('good')).toBe(false);
  });

  it('that fail say nothing, and forget nobody', async () => {
    const { seen, clock, reviews } = reviewing();
    await reviews.judge('good');
    await clock.advance(10_000);
    seen.isDown = true;

    await expect(reviews.judge('good')).rejects.toThrow('down');
    await expect(reviews.judge('new')).rejects.toThrow('down');

    expect([await reviews.knows('good'), await reviews.knows('new')]).toEqual([true, false]);
  });
});
