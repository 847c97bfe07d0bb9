import { createHash, createPublicKey, sign, type KeyObject } from 'node:crypto';

import {
  bitString,
  contextExplicit,
  decode,
  directoryString,
  encode,
  itemsOf,
  nothing,
  octetsOf,
  oid,
  sequence,
  setOf,
  time,
  unsignedInteger,
  type Asn1,
} from './der.ts';
import { FieldError } from './errors.ts';
import { OID } from './oids.ts';
import type { Subject, Validity } from './types.ts';

const VERSION_3 = 2n;

/** TBSCertificate (RFC 5280 section 4.1) but for the signature algorithm, which follows from the signing key. */
export interface CertificateContent extends Validity {
  readonly serialNumber: string;
  readonly issuer: Asn1;
  readonly subject: Asn1;
  readonly publicKey: Asn1;
  readonly extensions: readonly Asn1[];
}

/**
 * Signs with SHA-256; the result is PEM.
 * @throws FieldError
 */
export function signCertificate(content: CertificateContent, signer: KeyObject): string {
  checkValidity(content);
  const algorithm = signatureAlgorithm(signer);
  const toBeSigned = sequence(
    contextExplicit(0, unsignedInteger(VERSION_3)),
    unsignedInteger(serialNumber(content.serialNumber)),
    algorithm,
    content.issuer,
    sequence(time(content.notBefore), time(content.notAfter)),
    content.subject,
    content.publicKey,
    contextExplicit(3, sequence(...content.extensions)),
  );
  const signature = sign('sha256', encode(toBeSigned), signer);
  return toPem('CERTIFICATE', encode(sequence(toBeSigned, algorithm, bitString(signature))));
}

/**
 * Name with the organizations as one RDN before the common name, as Go's pkix.Name writes it.
 * @throws FieldError
 */
export function distinguishedName(subject: Subject): Asn1 {
  checkText('subject.commonName', subject.commonName);
  const organizations = [...new Set(subject.organizations)];
  for (const [index, name] of organizations.entries()) checkText(`subject.organizations[${index}]`, name);
  const commonName = setOf(attribute(OID.commonName, subject.commonName));
  if (organizations.length === 0) return sequence(commonName);
  return sequence(setOf(...organizations.map((name) => attribute(OID.organization, name))), commonName);
}

/**
 * SubjectPublicKeyInfo of a `PUBLIC KEY` PEM.
 * @throws FieldError
 */
export function publicKeyInfo(field: string, publicKey: string): Asn1 {
  try {
    return decode(createPublicKey(publicKey).export({ type: 'spki', format: 'der' }));
  } catch {
    throw new FieldError(field, 'not a PEM public key');
  }
}

/** Method 1 of RFC 7093 section 2, as Go has it since 1.25: the first 160 bits of SHA-256 of the key's bits. */
export function keyIdentifier(info: Asn1): Buffer {
  const [, key] = itemsOf(info);
  return createHash('sha256').update(octetsOf(key).subarray(1)).digest().subarray(0, 20);
}

function attribute(type: string, text: string): Asn1 {
  return sequence(oid(type), directoryString(text));
}

function signatureAlgorithm(signer: KeyObject): Asn1 {
  if (signer.asymmetricKeyType === 'ec') return sequence(oid(OID.ecdsaWithSHA256));
  if (signer.asymmetricKeyType === 'rsa') return sequence(oid(OID.sha256WithRSAEncryption), nothing());
  throw new FieldError('issuer.privateKey', `cannot sign with a key of type ${signer.asymmetricKeyType}`);
}

function serialNumber(hexadecimal: string): bigint {
  const field = 'serialNumber';
  if (!/^[0-9a-f]+$/i.test(hexadecimal)) throw new FieldError(field, 'not hexadecimal');
  const value = BigInt(`0x${hexadecimal}`);
  if (value === 0n) throw new FieldError(field, 'must be positive');
  // The sign bit counts: 20 octets with the highest bit set would be encoded as 21.
  if (value >> 159n) throw new FieldError(field, 'longer than 20 octets');
  return value;
}

function checkValidity({ notBefore, notAfter }: Validity): void {
  for (const [field, date] of Object.entries({ notBefore, notAfter })) {
    const year = date.getUTCFullYear();
    if (!(year >= 1950 && year <= 9999)) throw new FieldError(field, 'not a date between 1950 and 9999');
  }
  if (seconds(notAfter) <= seconds(notBefore)) throw new FieldError('notAfter', 'not later than notBefore');
}

function seconds(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}

function checkText(field: string, text: string): void {
  if (text === '') throw new FieldError(field, 'empty');
  if (!text.isWellFormed() || /\p{Cc}/u.test(text)) throw new FieldError(field, 'holds control characters');
}

/** RFC 7468. */
export function toPem(label: string, der: Buffer): string {
  const lines = der.toString('base64').replace(/.{1,64}/g, '$&\n');
  return `-----BEGIN ${label}-----\n${lines}-----END ${label}-----\n`;
}
