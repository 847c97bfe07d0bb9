import { issueStoreAccess } from '../../datastore/access.ts';
import {
  decideRenewal,
  generateKeyPair,
  inspectCertificate,
  type Issuer,
  type KeyAlgorithm,
  LEAF_LIFETIME,
  newSerialNumber,
  validityFrom,
} from '../../pki/index.ts';

/** Files of the Secret that the API server reads. PEM. */
export interface Credential {
  readonly 'ca.crt': string;
  readonly 'client.crt': string;
  readonly 'client.key': string;
}

export interface CredentialInput {
  /** Signs clients of the store. */
  readonly authority: Issuer;
  /** Name of the partition and of its user. */
  readonly id: string;
  readonly keyAlgorithm: KeyAlgorithm;
  /** What is in the Secret now. */
  readonly present: Partial<Credential>;
  readonly now: Date;
  readonly randomBytes: (size: number) => Buffer;
}

/** The tenant's credential for its partition: what is there while it is good, else a new one. */
export async function currentCredential(input: CredentialInput): Promise<Credential> {
  const { authority, id, keyAlgorithm, present, now } = input;
  const decision = decideRenewal({
    certificate: present['client.crt'],
    privateKey: present['client.key'],
    issuerCertificate: authority.certificate,
    wanted: { subject: { commonName: id }, usages: ['clientAuth'], keyAlgorithm },
    now,
  });
  if (!decision.renew) {
    return {
      'ca.crt': authority.certificate,
      'client.crt': present['client.crt'] ?? '',
      'client.key': present['client.key'] ?? '',
    };
  }
  const keyPair = await generateKeyPair(keyAlgorithm);
  const certificate = issueStoreAccess(authority, id, {
    publicKey: keyPair.publicKey,
    serialNumber: newSerialNumber(input.randomBytes),
    ...validityFrom(now, LEAF_LIFETIME, inspectCertificate(authority.certificate)),
  });
  return { 'ca.crt': authority.certificate, 'client.crt': certificate, 'client.key': keyPair.privateKey };
}
