import {
  type CertificateSpecification,
  generateKeyPair,
  inspectCertificate,
  issueCertificate,
  type KeyAlgorithm,
  LEAF_LIFETIME,
  newSerialNumber,
  validityFrom,
} from '../../pki/index.ts';
import type { Roots } from '../roots/material.ts';
import type { CertificateFiles } from './plan.ts';

export interface LeafIngredients {
  readonly now: Date;
  readonly randomBytes: (size: number) => Buffer;
}

/** Makes a new key and its certificate, as files named after the specification. */
export async function issueLeaf(
  specification: CertificateSpecification,
  roots: Roots,
  keyAlgorithm: KeyAlgorithm,
  { now, randomBytes }: LeafIngredients,
): Promise<CertificateFiles> {
  const keyPair = await generateKeyPair(keyAlgorithm);
  const issuer = {
    certificate: roots[`${specification.signedBy}.crt`],
    privateKey: roots[`${specification.signedBy}.key`],
  };
  const certificate = issueCertificate(issuer, {
    subject: specification.subject,
    usages: specification.usages,
    dnsNames: specification.dnsNames,
    ipAddresses: specification.ipAddresses,
    publicKey: keyPair.publicKey,
    serialNumber: newSerialNumber(randomBytes),
    ...validityFrom(now, LEAF_LIFETIME, inspectCertificate(issuer.certificate)),
  });
  return { [`${specification.name}.crt`]: certificate, [`${specification.name}.key`]: keyPair.privateKey };
}
