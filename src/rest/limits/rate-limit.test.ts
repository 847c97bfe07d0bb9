import { describe, expect, it } from '@jest/globals';
import { RateLimit } from './rate-limit.ts';
import { rateLimitHeaders } from './rate-limit-headers.ts';

describe('a rate limit', () => {
  it('counts each key down, and says what is left', async () => {
    const limit = new RateLimit('reads', 1);

    for (let remaining = 9; remaining >= 0; remaining -= 1)
      expect(await limit.take('ada')).toMatchObject({ remaining, isExceeded: false });

    expect(await limit.take('ada')).toMatchObject({ remaining: 0, isExceeded: true });
    expect(await limit.take('bob')).toMatchObject({ remaining: 9, isExceeded: false });
  });

  it('has room again for what is given back', async () => {
    const limit = new RateLimit('reads', 1);
    for (let taken = 0; taken < 10; taken += 1) await limit.take('ada');

    await limit.giveBack('ada');

    expect(await limit.take('ada')).toMatchObject({ isExceeded: false });
  });

  it('is told as the draft has it', async () => {
    const headers = rateLimitHeaders(await new RateLimit('changes', 2).take('ada'));

    expect(headers).toEqual({ 'RateLimit-Policy': '"changes";q=20;w=10', RateLimit: '"changes";r=19;t=10' });
  });
});
