import {
  generateKeyPair,
  inspectCertificate,
  issueCertificate,
  newSerialNumber,
  validityFrom,
} from '../pki/index.ts';
import type { Roots } from '../controlplane/roots/material.ts';
import type { Credential } from './build.ts';
import type { WantedCredential } from './credential.ts';

/** A new key and its client certificate, signed by the tenant’s cluster root, which it does not outlive. */
export async function issueCredential(
  roots: Pick<Roots, 'ca.crt' | 'ca.key'>,
  { subject, keyAlgorithm, lifetimeMs }: Pick<WantedCredential, 'subject' | 'keyAlgorithm' | 'lifetimeMs'>,
  { now, randomBytes }: { readonly now: Date; readonly randomBytes: (size: number) => Buffer },
): Promise<Credential> {
  const { publicKey, privateKey } = await generateKeyPair(keyAlgorithm);
  const issuer = { certificate: roots['ca.crt'], privateKey: roots['ca.key'] };
  const certificate = issueCertificate(issuer, {
    subject,
    usages: ['clientAuth'],
    publicKey,
    serialNumber: newSerialNumber(randomBytes),
    ...validityFrom(now, lifetimeMs, inspectCertificate(issuer.certificate)),
  });
  return { certificate, privateKey };
}
