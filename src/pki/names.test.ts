import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { alternativeNames, isDnsName } from './names.ts';

describe('DNS names', () => {
  it.each(['kubernetes', 'a.b', 'A.example', '*.example.com', '1.2.example', `${'a'.repeat(63)}.b`])(
    '%s is one',
    (name) => {
      expect(isDnsName(name)).toBe(true);
    },
  );

  it.each([
    '',
    '.',
    'a.',
    '.a',
    'a..b',
    '-a',
    'a-',
    'a_b',
    'a b',
    'ä.example',
    '*',
    'a.*.b',
    '*a.b',
    '10.0.0.1',
    `${'a'.repeat(64)}.b`,
  ])('%j is none', (name) => {
    expect(isDnsName(name)).toBe(false);
  });

  it('end at 253 characters', () => {
    const name = `${'a.'.repeat(126)}a`;
    expect([name.length, isDnsName(name), isDnsName(`${name}b`)]).toEqual([253, true, false]);
  });
});

describe('alternative names', () => {
  it('are told apart, spelled canonically and kept once, in order', () => {
    expect(
      alternativeNames([
        'b.example',
        '10.0.0.1',
        'FD00::0:1',
        'B.example',
        'a',
        'fd00::1',
        '::ffff:10.0.0.1',
      ]),
    ).toEqual({
      dnsNames: ['b.example', 'a'],
      ipAddresses: ['10.0.0.1', 'fd00::1'],
    });
  });

  it('stay the same when normalised again, and do not depend on repetition', () => {
    const name = fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6());
    fc.assert(
      fc.property(fc.array(name), (names) => {
        const once = alternativeNames(names);
        const flat = [...once.dnsNames, ...once.ipAddresses];
        expect(alternativeNames(flat)).toEqual(once);
        expect(alternativeNames([...names, ...names])).toEqual(once);
        expect(new Set(flat).size).toBe(flat.length);
      }),
    );
  });
});
