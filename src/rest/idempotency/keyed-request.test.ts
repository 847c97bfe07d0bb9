import { describe, expect, it } from '@jest/globals';
import { type Asked, keyedRequest, readKey } from './keyed-request.ts';

const asked: Asked = {
  username: 'ada',
  method: 'POST',
  path: '/v1/namespaces/team-a/controlplanes',
  query: {},
  body: { name: 'blue', spec: { a: 1, b: 2 } },
};

describe('a key', () => {
  it.each([undefined, 'k', '~'.repeat(255)])('may be %s', (key) => {
    expect(readKey(key)).toBe(key);
  });

  it.each(['', 'a b', 'ä', 'a'.repeat(256)])('may not be %p', (key) => {
    expect(() => readKey(key)).toThrow(expect.objectContaining({ code: 'InvalidRequest' }));
  });

  it.each([{ username: 'eve' }, { path: '/v1/namespaces/team-b/controlplanes' }, { method: 'PUT' }])(
    'of %p is another',
    (other) => {
      expect(keyedRequest({ ...asked, ...other }, 'k').scope).not.toEqual(keyedRequest(asked, 'k').scope);
    },
  );
});

describe('a fingerprint', () => {
  const { fingerprint } = keyedRequest(asked, 'k');

  it('is the same for a body that says the same', () => {
    const body = { spec: { b: 2, a: 1 }, name: 'blue' };
    expect(keyedRequest({ ...asked, body }, 'k').fingerprint).toEqual(fingerprint);
  });

  it.each([{ body: { name: 'green' } }, { body: undefined }, { query: { dryRun: 'true' } }])(
    'is another for %p',
    (other) => {
      expect(keyedRequest({ ...asked, ...other }, 'k').fingerprint).not.toEqual(fingerprint);
    },
  );
});
