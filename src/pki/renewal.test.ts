import { X509Certificate } from 'node:crypto';

import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { makeAuthority, makeLeaf } from '../../test/support/pki.ts';
import { toPem } from './certificate.ts';
import { generateKeyPair } from './keys.ts';
import { decideRenewal, type RenewalInput, type RenewalReason, type WantedCertificate } from './renewal.ts';
import type { Issuer } from './types.ts';
import { renewalTime } from './validity.ts';

const NOT_BEFORE = new Date('2030-01-01T00:00:00Z');
const NOT_AFTER = new Date('2030-04-01T00:00:00Z');
const RENEW_AT = new Date('2030-03-02T00:00:00Z');
const WANTED: WantedCertificate = {
  subject: { commonName: 'kube-apiserver', organizations: ['a', 'b'] },
  usages: ['serverAuth', 'clientAuth'],
  dnsNames: ['a.example', 'b.example'],
  ipAddresses: ['10.0.0.1', 'fd00::1'],
  keyAlgorithm: 'ECDSA-P256',
};

let root: Issuer;
let present: RenewalInput;

beforeAll(async () => {
  root = await makeAuthority();
  const leaf = await makeLeaf(root, { ...WANTED, notBefore: NOT_BEFORE, notAfter: NOT_AFTER });
  present = { ...leaf, issuerCertificate: root.certificate, wanted: WANTED, now: NOT_BEFORE };
});

function wanting(changes: Partial<WantedCertificate>): Partial<RenewalInput> {
  return { wanted: { ...WANTED, ...changes } };
}

describe('a leaf stays', () => {
  it.each<[string, () => Partial<RenewalInput>]>([
    ['when it is as wanted', () => ({})],
    [
      'to the last moment before two thirds of its life are over',
      () => ({ now: new Date(RENEW_AT.getTime() - 1) }),
    ],
    [
      'when its names are wanted in another order',
      () => wanting({ dnsNames: ['b.example', 'A.example', 'a.example'] }),
    ],
    [
      'when an address is spelled otherwise',
      () => wanting({ ipAddresses: ['FD00:0:0::1', '::ffff:10.0.0.1'] }),
    ],
    [
      'when its groups and usages are wanted in another order',
      () => wanting({ usages: ['clientAuth', 'serverAuth'] }),
    ],
    [
      'when a group is named twice',
      () => wanting({ subject: { commonName: 'kube-apiserver', organizations: ['b', 'a', 'b'] } }),
    ],
  ])('%s', (_, changes) => {
    expect(decideRenewal({ ...present, ...changes() })).toEqual({ renew: false, renewAt: RENEW_AT });
  });
});

describe('a leaf is renewed', () => {
  it.each<[RenewalReason, string, () => Partial<RenewalInput> | Promise<Partial<RenewalInput>>]>([
    ['Missing', 'there is no certificate', () => ({ certificate: undefined })],
    ['Missing', 'there is no private key', () => ({ privateKey: '' })],
    ['Unreadable', 'read certificate: not a PEM certificate', () => ({ certificate: 'nonsense' })],
    ['Unreadable', 'read private key: not a PEM private key', () => ({ privateKey: 'nonsense' })],
    [
      'KeyMismatch',
      'the private key is not the one of the certificate',
      async () => ({ privateKey: (await generateKeyPair('ECDSA-P256')).privateKey }),
    ],
    [
      'WrongIssuer',
      'not signed by the current root, but by kubernetes',
      async () => ({ issuerCertificate: (await makeAuthority()).certificate }),
    ],
    [
      'SubjectDiffers',
      'is CN=kube-apiserver, O=a, O=b, should be CN=kube-apiserver, O=a',
      () => wanting({ subject: { commonName: 'kube-apiserver', organizations: ['a'] } }),
    ],
    ['UsagesDiffer', 'has clientAuth too much', () => wanting({ usages: ['serverAuth'] })],
    [
      'NamesDiffer',
      'lacks DNS:c.example; has DNS:b.example, IP:fd00::1 too much',
      () => wanting({ dnsNames: ['a.example', 'c.example'], ipAddresses: ['10.0.0.1'] }),
    ],
    ['AlgorithmDiffers', 'is ECDSA-P256, should be RSA-2048', () => wanting({ keyAlgorithm: 'RSA-2048' })],
    [
      'NotYetValid',
      'not valid before 2030-01-01T00:00:00.000Z',
      () => ({ now: new Date(NOT_BEFORE.getTime() - 1) }),
    ],
    ['Expiring', 'expires at 2030-04-01T00:00:00.000Z', () => ({ now: RENEW_AT })],
    ['Expiring', 'expired at 2030-04-01T00:00:00.000Z', () => ({ now: NOT_AFTER })],
  ])('%s: %s', async (reason, message, changes) => {
    expect(decideRenewal({ ...present, ...(await changes()) })).toEqual({ renew: true, reason, message });
  });

  it('for what is broken rather than for its age', async () => {
    const issuerCertificate = (await makeAuthority()).certificate;
    expect(decideRenewal({ ...present, issuerCertificate, now: NOT_AFTER })).toMatchObject({
      reason: 'WrongIssuer',
    });
  });
});

describe('a damaged leaf', () => {
  it('is a reason to renew, never to fail', () => {
    const der = new X509Certificate(present.certificate ?? '').raw;
    const damage = fc.array(fc.record({ at: fc.nat(der.length - 1), octet: fc.nat(255) }), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(damage, (changes) => {
        const damaged = Buffer.from(der);
        for (const { at, octet } of changes) damaged.writeUInt8(octet, at);
        fc.pre(!damaged.equals(der));
        const certificate = toPem('CERTIFICATE', damaged);
        expect(decideRenewal({ ...present, certificate })).toMatchObject({ renew: true });
      }),
      { numRuns: 1000 },
    );
  });
});

it('does not decide anything without a readable root', () => {
  expect(() => decideRenewal({ ...present, issuerCertificate: 'nonsense' })).toThrow('not a PEM certificate');
});

it('lets no fraction of a millisecond into a date', () => {
  expect(renewalTime({ notBefore: new Date(0), notAfter: new Date(1000) })).toEqual(new Date(666));
});
