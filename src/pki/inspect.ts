import { createHash, type KeyObject, type X509Certificate } from 'node:crypto';

import { EXTENDED_KEY_USAGE_OIDS } from './oids.ts';
import { readCertificate, readPublicKey, readStructure, readValidity } from './structure.ts';
import type { CertificateFacts, ExtendedKeyUsage, KeyAlgorithm } from './types.ts';

/**
 * What a certificate says (the first, of a bundle). Nothing is verified.
 * @throws PkiError `Unreadable`
 */
export function inspectCertificate(pem: string): CertificateFacts {
  return factsOf(readCertificate(pem));
}

/** @throws PkiError `Unreadable` when a part of it is malformed */
export function factsOf(certificate: X509Certificate): CertificateFacts {
  const { subject, issuer, keyUsages, dnsNames, ipAddresses } = readStructure(certificate);
  return {
    subject,
    issuer,
    ...readValidity(certificate),
    isCertificateAuthority: certificate.ca,
    keyUsages,
    usages: extendedKeyUsages(certificate),
    dnsNames,
    ipAddresses,
    serialNumber: certificate.serialNumber.toLowerCase(),
    fingerprint: sha256(certificate.raw),
    ...publicKeyFacts(certificate),
  };
}

/** Whether the names and key identifiers fit and `authority` signed `certificate`; dates are not looked at. */
export function isIssuedBy(certificate: string, authority: string): boolean {
  return isSignedBy(readCertificate(certificate), readCertificate(authority));
}

export function isSignedBy(certificate: X509Certificate, authority: X509Certificate): boolean {
  return certificate.checkIssued(authority) && certificate.verify(readPublicKey(authority));
}

/** The certificates of a PEM bundle in order, each ending in a line feed; what else the text holds is passed over. */
export function splitBundle(pem: string): string[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => `${block.replaceAll('\r', '')}\n`);
}

function extendedKeyUsages(certificate: X509Certificate): readonly ExtendedKeyUsage[] {
  const present = new Set(certificate.keyUsage);
  const usages: ExtendedKeyUsage[] = [];
  if (present.has(EXTENDED_KEY_USAGE_OIDS.serverAuth)) usages.push('serverAuth');
  if (present.has(EXTENDED_KEY_USAGE_OIDS.clientAuth)) usages.push('clientAuth');
  return usages;
}

function publicKeyFacts(
  certificate: X509Certificate,
): Pick<CertificateFacts, 'publicKeyHash' | 'keyAlgorithm'> {
  const key = readPublicKey(certificate);
  return {
    publicKeyHash: sha256(key.export({ type: 'spki', format: 'der' })),
    keyAlgorithm: keyAlgorithmOf(key),
  };
}

function keyAlgorithmOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): KeyAlgorithm | 'other' {
  const { namedCurve, modulusLength } = asymmetricKeyDetails ?? {};
  if (asymmetricKeyType === 'ec' && namedCurve === 'prime256v1') return 'ECDSA-P256';
  if (asymmetricKeyType === 'rsa' && modulusLength === 2048) return 'RSA-2048';
  return 'other';
}

function sha256(octets: Buffer): string {
  return createHash('sha256').update(octets).digest('hex');
}
