import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import {
  canonicalIpAddress,
  cidrContains,
  formatIpAddress,
  nthAddressOf,
  parseCidr,
  parseIpAddress,
} from './cidr.ts';

const ipv6Value = fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }).filter((value) => value >> 32n !== 0xffffn);

describe('IP addresses', () => {
  it.each([
    ['10.0.0.1', '10.0.0.1'],
    ['FD00:0:0::1', 'fd00::1'],
    ['fd00:0000:0000:0000:0000:0000:0000:0001', 'fd00::1'],
    ['::', '::'],
    ['1:0:0:2::3', '1:0:0:2::3'],
    ['64:ff9b::192.0.2.1', '64:ff9b::c000:201'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['::ffff:a00:1', '10.0.0.1'],
  ])('%s is written %s', (text, canonical) => {
    expect(canonicalIpAddress(text)).toBe(canonical);
  });

  it.each([
    '',
    '10.0.0',
    '010.0.0.1',
    '10.0.0.256',
    '10.0.0.1/8',
    'fe80::1%eth0',
    '[::1]',
    '1::2::3',
    'localhost',
  ])('%j is none', (text) => {
    expect(canonicalIpAddress(text)).toBeUndefined();
  });

  it('come back from their text, however it is spelled', () => {
    fc.assert(
      fc.property(ipv6Value, (value) => {
        const long = value
          .toString(16)
          .padStart(32, '0')
          .replace(/(.{4})(?!$)/g, '$1:');
        const canonical = formatIpAddress({ family: 'IPv6', value });
        for (const text of [canonical, long, long.toUpperCase()]) {
          expect(parseIpAddress(text)).toEqual({ family: 'IPv6', value });
        }
      }),
    );
    fc.assert(
      fc.property(fc.ipV4(), (text) => {
        expect(canonicalIpAddress(text)).toBe(text);
      }),
    );
  });

  it('are compared by value: equal text if and only if equal address', () => {
    fc.assert(
      fc.property(ipv6Value, ipv6Value, (a, b) => {
        const same =
          formatIpAddress({ family: 'IPv6', value: a }) === formatIpAddress({ family: 'IPv6', value: b });
        expect(same).toBe(a === b);
      }),
    );
  });
});

describe('CIDRs', () => {
  it.each([
    ['10.96.0.0/16', 1, '10.96.0.1'],
    ['10.96.0.0/16', 10, '10.96.0.10'],
    ['10.96.0.7/16', 1, '10.96.0.1'],
    ['10.0.0.0/8', 256, '10.0.1.0'],
    ['fd00:10:96::/112', 1, 'fd00:10:96::1'],
    ['fd00:10:96::/112', 0xffff, 'fd00:10:96::ffff'],
    ['::/0', 0, '::'],
  ])('%s has %i-th address %s', (cidr, n, address) => {
    expect(nthAddressOf(cidr, n)).toBe(address);
  });

  it.each([
    ['10.96.0.0/30', 4],
    ['10.96.0.0/32', 1],
    ['10.96.0.0/30', -1],
    ['10.96.0.0/30', 0.5],
  ])('%s has no %d-th address', (cidr, n) => {
    expect(() => nthAddressOf(cidr, n)).toThrow(`address ${n} of "${cidr}": not one of its`);
  });

  it.each([
    '10.96.0.0',
    '10.96.0.0/33',
    'fd00::/129',
    '10.96.0.0/016',
    '10.96.0.0/',
    '10.96.0.0/8/8',
    '/8',
    '',
  ])('%j is none', (text) => {
    expect(parseCidr(text)).toBeUndefined();
    expect(() => nthAddressOf(text, 1)).toThrow('not a CIDR');
  });

  it('contain exactly the addresses from the first to the last', () => {
    fc.assert(
      fc.property(ipv6Value, fc.integer({ min: 97, max: 127 }), fc.nat(), (value, prefixLength, n) => {
        const size = 2 ** (128 - prefixLength);
        const network = (value >> BigInt(128 - prefixLength)) << BigInt(128 - prefixLength);
        const cidr = `${formatIpAddress({ family: 'IPv6', value })}/${prefixLength}`;
        fc.pre(network > 0n && network + BigInt(size) < 1n << 128n);
        expect(parseIpAddress(nthAddressOf(cidr, n % size))?.value).toBe(network + BigInt(n % size));
        expect(cidrContains(cidr, nthAddressOf(cidr, n % size))).toBe(true);
        expect(cidrContains(cidr, formatIpAddress({ family: 'IPv6', value: network - 1n }))).toBe(false);
        expect(cidrContains(cidr, formatIpAddress({ family: 'IPv6', value: network + BigInt(size) }))).toBe(
          false,
        );
      }),
    );
  });

  it('never contain an address of the other family', () => {
    expect(cidrContains('0.0.0.0/0', '::1')).toBe(false);
    expect(cidrContains('::/0', '127.0.0.1')).toBe(false);
  });
});
