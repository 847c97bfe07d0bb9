import { beforeAll, describe, expect, it } from '@jest/globals';
import { issueCertificateAuthority } from '../pki/authority.ts';
import { inspectCertificate, isIssuedBy } from '../pki/inspect.ts';
import { generateKeyPair } from '../pki/keys.ts';
import type { Issuer, KeyPair } from '../pki/types.ts';
import { issueStoreAccess } from './access.ts';

const validity = { notBefore: new Date('2026-01-01T00:00:00Z'), notAfter: new Date('2026-04-01T00:00:00Z') };

let authority: Issuer;
let keyPair: KeyPair;

beforeAll(async () => {
  const root = await generateKeyPair('ECDSA-P256');
  const request = { commonName: 'etcd-ca', keyPair: root, serialNumber: '01', ...validity };
  authority = { certificate: issueCertificateAuthority(request), privateKey: root.privateKey };
  keyPair = await generateKeyPair('ECDSA-P256');
});

describe('issueStoreAccess', () => {
  it('names the partition’s user and nothing else', () => {
    const { publicKey } = keyPair;
    const certificate = issueStoreAccess(authority, 'tenant-1', {
      publicKey,
      serialNumber: '02',
      ...validity,
    });
    expect(isIssuedBy(certificate, authority.certificate)).toBe(true);
    expect(inspectCertificate(certificate)).toMatchObject({
      subject: { commonName: 'tenant-1' },
      usages: ['clientAuth'],
      isCertificateAuthority: false,
      dnsNames: [],
      ipAddresses: [],
      ...validity,
    });
  });

  it.each(['root', 'a,CN=root', ''])('does not name %j', (id) => {
    const request = { publicKey: keyPair.publicKey, serialNumber: '03', ...validity };
    expect(() => issueStoreAccess(authority, id, request)).toThrow(
      expect.objectContaining({ code: 'Unsupported' }),
    );
  });
});
