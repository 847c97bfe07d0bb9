import { randomBytes } from 'node:crypto';

import {
  generateKeyPair,
  issueCertificate,
  issueCertificateAuthority,
  newSerialNumber,
  type CertificateRequest,
  type Issuer,
  type KeyAlgorithm,
  type Validity,
} from '../../src/pki/index.ts';

const HOUR = 60 * 60 * 1000;

/** An hour on both sides of the present. */
export function validNow(): { readonly notBefore: Date; readonly notAfter: Date } {
  const now = Date.now();
  return { notBefore: new Date(now - HOUR), notAfter: new Date(now + HOUR) };
}

export async function makeAuthority(
  commonName = 'kubernetes',
  algorithm: KeyAlgorithm = 'ECDSA-P256',
  validity: Validity = validNow(),
): Promise<Issuer> {
  const keyPair = await generateKeyPair(algorithm);
  const serialNumber = newSerialNumber(randomBytes);
  const certificate = issueCertificateAuthority({ commonName, keyPair, serialNumber, ...validity });
  return { certificate, privateKey: keyPair.privateKey };
}

/** A leaf with its key; what the request leaves out is a client of no importance. */
export async function makeLeaf(
  issuer: Issuer,
  request: Partial<CertificateRequest> = {},
  algorithm: KeyAlgorithm = 'ECDSA-P256',
): Promise<{ readonly certificate: string; readonly privateKey: string }> {
  const { privateKey, publicKey } = await generateKeyPair(algorithm);
  const certificate = issueCertificate(issuer, {
    subject: { commonName: 'client' },
    usages: ['clientAuth'],
    publicKey,
    serialNumber: newSerialNumber(randomBytes),
    ...validNow(),
    ...request,
  });
  return { certificate, privateKey };
}
