import { X509Certificate, randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { completeEtcdCertificates } from './etcd-certificates.ts';

const now = new Date('2026-11-21T08:00:00Z');
const later = new Date('2027-10-01T08:00:00Z');

describe('completeEtcdCertificates', () => {
  it('signs server and users with one authority and members with another', async () => {
    const made = await completeEtcdCertificates({}, { now, randomBytes });

    const authority = new X509Certificate(made.ca.certificate);
    expect(new X509Certificate(made.server.certificate).verify(authority.publicKey)).toBe(true);
    expect(new X509Certificate(made.root.certificate).verify(authority.publicKey)).toBe(true);
    expect(new X509Certificate(made.peer.certificate).verify(authority.publicKey)).toBe(false);
    expect(new X509Certificate(made.root.certificate).subject).toBe('CN=root');
    expect(new X509Certificate(made.server.certificate).checkHost('etcd.marina-system.svc')).toBeDefined();
    expect(
      new X509Certificate(made.peer.certificate).checkHost('etcd-0.etcd-peers.marina-system.svc'),
    ).toBeDefined();
  });

  it('keeps what is good, and renews leaves but never an authority', async () => {
    const made = await completeEtcdCertificates({}, { now, randomBytes });

    expect(await completeEtcdCertificates(made, { now, randomBytes })).toEqual(made);
    const renewed = await completeEtcdCertificates(made, { now: later, randomBytes });
    expect(renewed.ca).toEqual(made.ca);
    expect(renewed.peerCa).toEqual(made.peerCa);
    expect(renewed.server).not.toEqual(made.server);
  });

  it('makes leaves anew for an authority that did not sign them', async () => {
    const made = await completeEtcdCertificates({}, { now, randomBytes });

    const other = await completeEtcdCertificates({ ...made, ca: undefined }, { now, randomBytes });

    expect(other.root).not.toEqual(made.root);
    expect(other.peer).toEqual(made.peer);
  });
});
