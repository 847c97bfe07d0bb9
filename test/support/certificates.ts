import { randomBytes } from 'node:crypto';
import { issueCertificateAuthority } from '../../src/pki/authority.ts';
import { issueCertificate } from '../../src/pki/issue.ts';
import { generateKeyPair, newSerialNumber } from '../../src/pki/keys.ts';
import { validityFrom } from '../../src/pki/validity.ts';

export interface Credential {
  /** PEM. */
  readonly certificate: string;
  readonly privateKey: string;
}

export interface LeafOptions {
  readonly commonName: string;
  readonly organizations?: readonly string[];
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
}

const dayMs = 24 * 60 * 60 * 1000;

/** A P-256 root, good for a day. */
export async function createAuthority(commonName: string): Promise<Credential> {
  const keyPair = await generateKeyPair('ECDSA-P256');
  const certificate = issueCertificateAuthority({
    commonName,
    keyPair,
    serialNumber: newSerialNumber(randomBytes),
    ...validityFrom(new Date(), dayMs),
  });
  return { certificate, privateKey: keyPair.privateKey };
}

/** A P-256 leaf that serves and calls, good for a day. */
export async function createLeaf(authority: Credential, options: LeafOptions): Promise<Credential> {
  const { commonName, organizations = [], dnsNames, ipAddresses } = options;
  const { publicKey, privateKey } = await generateKeyPair('ECDSA-P256');
  const certificate = issueCertificate(authority, {
    subject: { commonName, organizations },
    publicKey,
    usages: ['serverAuth', 'clientAuth'],
    ...(dnsNames && { dnsNames }),
    ...(ipAddresses && { ipAddresses }),
    serialNumber: newSerialNumber(randomBytes),
    ...validityFrom(new Date(), dayMs),
  });
  return { certificate, privateKey };
}
