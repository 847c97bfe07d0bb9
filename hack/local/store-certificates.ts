import {
  generateKeyPair,
  inspectCertificate,
  isIssuedBy,
  issueCertificate,
  issueCertificateAuthority,
  newSerialNumber,
  renewalTime,
  validityFrom,
} from '../../src/pki/index.ts';
import type { CertificateRequest, ExtendedKeyUsage, Issuer } from '../../src/pki/index.ts';

export interface Sources {
  readonly now: Date;
  readonly randomBytes: (size: number) => Buffer;
}

const day = 24 * 60 * 60 * 1000;
const authorityLifetime = 3650 * day;
const leafLifetime = 365 * day;

export interface LeafRequest extends Pick<CertificateRequest, 'dnsNames' | 'ipAddresses'> {
  readonly commonName: string;
  readonly usages: readonly ExtendedKeyUsage[];
}

/** The one that is kept, or a new one when two thirds of its life are over or another authority signed it. */
export function currentLeaf(
  kept: Issuer | undefined,
  issuer: Issuer,
  request: LeafRequest,
  sources: Sources,
): Promise<Issuer> {
  return kept && isCurrent(kept, issuer, sources.now)
    ? Promise.resolve(kept)
    : makeLeaf(issuer, request, sources);
}

function isCurrent(leaf: Issuer, issuer: Issuer, now: Date): boolean {
  return (
    isIssuedBy(leaf.certificate, issuer.certificate) &&
    now < renewalTime(inspectCertificate(leaf.certificate))
  );
}

export async function makeAuthority(commonName: string, { now, randomBytes }: Sources): Promise<Issuer> {
  const keyPair = await generateKeyPair('ECDSA-P256');
  const certificate = issueCertificateAuthority({
    commonName,
    keyPair,
    serialNumber: newSerialNumber(randomBytes),
    ...validityFrom(now, authorityLifetime),
  });
  return { certificate, privateKey: keyPair.privateKey };
}

async function makeLeaf(
  issuer: Issuer,
  { commonName, ...request }: LeafRequest,
  { now, randomBytes }: Sources,
): Promise<Issuer> {
  const keyPair = await generateKeyPair('ECDSA-P256');
  const certificate = issueCertificate(issuer, {
    ...request,
    subject: { commonName },
    publicKey: keyPair.publicKey,
    serialNumber: newSerialNumber(randomBytes),
    ...validityFrom(now, leafLifetime),
  });
  return { certificate, privateKey: keyPair.privateKey };
}
