import { expect, it } from '@jest/globals';
import { aboutToken } from './token-claims.ts';

const now = new Date('2026-11-22T00:00:00Z');
const jwt = (claims: unknown) => `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.x`;

it('a token says whose it is, and until when', () => {
  const exp = now.getTime() / 1_000;
  expect(aboutToken(jwt({ sub: 'me', exp: exp + 60 }), now)).toMatchObject({
    result: 'ok',
    message: 'of me, until 2026-11-22T00:01:00.000Z',
  });
  expect(aboutToken(jwt({ sub: 'me', exp: exp - 60 }), now)).toMatchObject({
    result: 'failed',
    message: expect.stringContaining('ended at'),
  });
});

it.each(['opaque', 'a.b.c', jwt(7), jwt({ exp: 'never' })])('%s says little, and is no failure', (token) => {
  expect(aboutToken(token, now).result).toBe('ok');
});
