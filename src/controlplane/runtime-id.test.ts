import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { runtimeId } from './runtime-id.ts';

describe('runtimeId', () => {
  it('encodes the UID as RFC 4648 base32', () => {
    expect(runtimeId('00000000-0000-0000-0000-000000000000')).toBe(`t${'a'.repeat(26)}`);
    expect(runtimeId('ffffffff-ffff-ffff-ffff-ffffffffffff')).toBe(`t${'7'.repeat(25)}4`);
  });

  it('is a DNS label and differs whenever the UID differs', () => {
    fc.assert(
      fc.property(fc.uuid(), fc.uuid(), (a, b) => {
        expect(runtimeId(a)).toMatch(/^t[a-z2-7]{26}$/);
        expect(runtimeId(a) === runtimeId(b)).toBe(a === b);
      }),
    );
  });

  it('refuses what is no UUID', () => {
    expect(() => runtimeId('demo')).toThrow('not a UUID: "demo"');
  });
});
