import { randomBytes, sign, verify } from 'node:crypto';

import { describe, expect, it, jest } from '@jest/globals';

import { makeAuthority, makeLeaf } from '../../test/support/pki.ts';
import { generateKeyPair, keysMatch, newEncryptionKey, newSerialNumber, publicKeyOf } from './keys.ts';

/** RSA keys take their time on a busy machine. */
jest.setTimeout(30_000);

describe.each([
  ['ECDSA-P256', 'EC PRIVATE KEY'],
  ['RSA-2048', 'RSA PRIVATE KEY'],
] as const)('a key pair of %s', (algorithm, label) => {
  it('is PEM as kubeadm writes it, and its halves belong together', async () => {
    const { privateKey, publicKey } = await generateKeyPair(algorithm);
    expect(privateKey).toMatch(new RegExp(`^-----BEGIN ${label}-----\n`));
    expect(publicKey).toMatch(/^-----BEGIN PUBLIC KEY-----\n/);
    expect(publicKeyOf(privateKey)).toBe(publicKey);
    const text = Buffer.from('token');
    expect(verify('sha256', text, publicKey, sign('sha256', text, privateKey))).toBe(true);
  });
});

describe('keysMatch', () => {
  it('knows the key of a certificate from another one', async () => {
    const authority = await makeAuthority();
    const [one, other] = await Promise.all([makeLeaf(authority), makeLeaf(authority)]);
    expect(keysMatch(one.certificate, one.privateKey)).toBe(true);
    expect(keysMatch(one.certificate, other.privateKey)).toBe(false);
    expect(keysMatch(one.certificate, 'nonsense')).toBe(false);
    expect(keysMatch('nonsense', one.privateKey)).toBe(false);
  });
});

it('refuses a private key that is none, without printing it', () => {
  expect(() => publicKeyOf('secret text')).toThrow('read private key: not a PEM private key');
});

describe('serial numbers', () => {
  it.each([0x00, 0xff])('are positive and 16 octets long even when all octets drawn are %i', (octet) => {
    const serialNumber = newSerialNumber((size) => Buffer.alloc(size, octet));
    expect(serialNumber).toMatch(/^[4-7][0-9a-f]{31}$/);
  });

  it('differ', () => {
    const drawn = new Set(Array.from({ length: 1000 }, () => newSerialNumber(randomBytes)));
    expect(drawn.size).toBe(1000);
  });
});

it('makes encryption keys of 32 octets', () => {
  expect(Buffer.from(newEncryptionKey(randomBytes), 'base64')).toHaveLength(32);
});
