import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { aKubeconfig } from '../../test/support/kubeconfigs.ts';
import { makeAuthority } from '../../test/support/pki.ts';
import { inspectCertificate } from '../pki/index.ts';
import { buildFile, type Credential, subjectOf } from './build.ts';
import { credentialIn, planCredential, type WantedCredential } from './credential.ts';
import { issueCredential } from './issue.ts';

const minute = 60_000;
const hour = 60 * minute;
const start = new Date('2026-11-21T08:00:00Z');
const after = (ms: number) => new Date(start.getTime() + ms);

describe('the certificate of a kubeconfig', () => {
  let roots: { readonly 'ca.crt': string; readonly 'ca.key': string };
  let wanted: WantedCredential;
  let present: Credential;

  beforeAll(async () => {
    roots = await aRoot();
    wanted = {
      subject: subjectOf(aKubeconfig({ user: 'vera', groups: ['auditors'] })),
      keyAlgorithm: 'ECDSA-P256',
      certificateAuthority: roots['ca.crt'],
      lifetimeMs: hour,
      renew: true,
      end: undefined,
    };
    present = await issueCredential(roots, wanted, { now: start, randomBytes });
  });

  it('says who the bearer is, in a group of its own, as a client and for its time', () => {
    expect(inspectCertificate(present.certificate)).toMatchObject({
      subject: {
        commonName: 'vera',
        organizations: expect.arrayContaining([
          'auditors',
          expect.stringMatching(/^marina:kubeconfig:k[a-z2-7]{26}$/),
        ]),
      },
      usages: ['clientAuth'],
      notBefore: after(-5 * minute),
      notAfter: after(hour),
      isCertificateAuthority: false,
    });
  });

  it('never outlives its root', async () => {
    const long = await issueCredential(
      roots,
      { ...wanted, lifetimeMs: 1000 * hour },
      { now: start, randomBytes },
    );
    expect(inspectCertificate(long.certificate).notAfter).toEqual(after(24 * hour));
  });

  it('is issued when there is none', () => {
    expect(planCredential(undefined, wanted, start)).toEqual({
      action: 'Issue',
      reason: 'Missing',
      lifetimeMs: hour,
    });
  });

  it('is kept until two thirds of its life, and renewed then', () => {
    const due = after(-5 * minute + (2 / 3) * 65 * minute);
    expect(planCredential(present, wanted, start)).toEqual({
      action: 'Keep',
      credential: present,
      until: due,
    });
    expect(planCredential(present, wanted, due)).toMatchObject({
      action: 'Issue',
      reason: 'Expiring',
      lifetimeMs: hour,
    });
  });

  it('is not renewed where its root lets none live longer', async () => {
    const last = await issueCredential(roots, wanted, { now: after(23.5 * hour), randomBytes });
    expect(planCredential(last, wanted, after(23.9 * hour))).toMatchObject({
      action: 'Keep',
      until: after(24 * hour),
    });
  });

  it('lives once where it is not to be renewed', () => {
    const once = { ...wanted, renew: false };
    expect(planCredential(present, once, after(59 * minute))).toMatchObject({
      action: 'Keep',
      until: after(hour),
    });
    expect(planCredential(present, once, after(2 * hour))).toMatchObject({
      action: 'Keep',
      until: after(hour),
    });
  });

  it('that was lost in its only life comes back for the rest of it', () => {
    const once = { ...wanted, renew: false, end: after(hour) };
    expect(planCredential(undefined, once, after(40 * minute))).toEqual({
      action: 'Issue',
      reason: 'Missing',
      lifetimeMs: 20 * minute,
    });
  });

  it('is issued anew by another root, for another subject and for another kind of key', async () => {
    const other = await aRoot();
    const reasons = [
      { ...wanted, certificateAuthority: other['ca.crt'] },
      { ...wanted, subject: subjectOf(aKubeconfig({ user: 'walter' })) },
      { ...wanted, keyAlgorithm: 'RSA-2048' as const },
    ].map((now) => planCredential(present, now, start));
    expect(reasons).toMatchObject([
      { action: 'Issue', reason: 'WrongIssuer' },
      { action: 'Issue', reason: 'SubjectDiffers' },
      { action: 'Issue', reason: 'AlgorithmDiffers' },
    ]);
  });

  it('is read back from the file that it was written into', () => {
    const cluster = { server: 'https://192.0.2.1:6443', certificateAuthority: roots['ca.crt'] };
    const file = buildFile(aKubeconfig({ user: 'vera' }), cluster, present);
    expect(credentialIn(file)).toEqual(present);
    expect(credentialIn('users: []')).toBeUndefined();
    expect(credentialIn(undefined)).toBeUndefined();
  });
});

async function aRoot() {
  const validity = { notBefore: after(-hour), notAfter: after(24 * hour) };
  const { certificate, privateKey } = await makeAuthority('kubernetes', 'ECDSA-P256', validity);
  return { 'ca.crt': certificate, 'ca.key': privateKey };
}
