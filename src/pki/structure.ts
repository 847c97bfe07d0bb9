import { X509Certificate, type KeyObject } from 'node:crypto';

import { formatIpAddress, ipAddressFromOctets } from './cidr.ts';
import { decode, dottedOid, hasContextTag, itemsOf, octetsOf, textOf, type Asn1 } from './der.ts';
import { PkiError } from './errors.ts';
import { KEY_USAGE_BITS, OID, SAN_DNS_NAME, SAN_IP_ADDRESS, type KeyUsage } from './oids.ts';
import type { Subject, Validity } from './types.ts';

/**
 * What X509Certificate does not tell, or only as text for people (names). Its `toLegacyObject` has names as data, but
 * brings the process down on a certificate with a damaged key (Node 24.21), and Secrets can be damaged by hand.
 */
export interface CertificateStructure {
  readonly subject: Subject;
  readonly issuer: Subject;
  /** As encoded, for those who have to repeat it to the octet. */
  readonly encodedSubject: Asn1;
  readonly publicKey: Asn1;
  readonly keyUsages: readonly KeyUsage[];
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly subjectKeyIdentifier?: Buffer;
}

/**
 * The first certificate of the text.
 * @throws PkiError `Unreadable`
 */
export function readCertificate(pem: string): X509Certificate {
  return reading('not a PEM certificate', () => new X509Certificate(pem));
}

/**
 * X509Certificate parses the key only when it is asked for.
 * @throws PkiError `Unreadable`
 */
export function readPublicKey(certificate: X509Certificate): KeyObject {
  return reading('unknown public key', () => certificate.publicKey);
}

/** @throws PkiError `Unreadable` */
export function readValidity({ validFromDate, validToDate }: X509Certificate): Validity {
  const isDate = (date: Date): boolean => !Number.isNaN(date.getTime());
  if (!isDate(validFromDate) || !isDate(validToDate)) throw unreadable('no dates');
  return { notBefore: validFromDate, notAfter: validToDate };
}

/** @throws PkiError `Unreadable` */
export function readStructure(certificate: X509Certificate): CertificateStructure {
  return reading('malformed', () => readFields(certificate.raw));
}

function reading<T>(message: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw unreadable(message, cause);
  }
}

function unreadable(message: string, cause?: unknown): PkiError {
  return new PkiError({ code: 'Unreadable', operation: 'read certificate', message, cause });
}

function readFields(der: Buffer): CertificateStructure {
  const [toBeSigned] = itemsOf(decode(der));
  const fields = itemsOf(toBeSigned);
  // RFC 5280 section 4.1; version 1 has neither the leading version nor extensions.
  const [, , issuer, , subject, publicKey] = hasContextTag(fields[0], 0) ? fields.slice(1) : fields;
  if (!issuer || !subject || !publicKey) throw new TypeError('not a TBSCertificate');
  const extensions = readExtensions(fields.find((field) => hasContextTag(field, 3)));
  const extension = (id: string): Asn1 | undefined => {
    const content = extensions.get(id);
    return content && decode(content);
  };
  const names = itemsOf(extension(OID.subjectAltName));
  const identifier = extension(OID.subjectKeyIdentifier);
  return {
    subject: readDistinguishedName(subject),
    issuer: readDistinguishedName(issuer),
    encodedSubject: subject,
    publicKey,
    keyUsages: readKeyUsages(extension(OID.keyUsage)),
    dnsNames: names
      .filter((name) => hasContextTag(name, SAN_DNS_NAME))
      .map((name) => octetsOf(name).toString('latin1')),
    ipAddresses: names.filter((name) => hasContextTag(name, SAN_IP_ADDRESS)).map(readIpAddress),
    ...(identifier && { subjectKeyIdentifier: octetsOf(identifier) }),
  };
}

/** Of several common names the last is the user's, as in Go's pkix.Name. */
function readDistinguishedName(name: Asn1): Subject {
  let commonName = '';
  const organizations: string[] = [];
  for (const attribute of itemsOf(name).flatMap(itemsOf)) {
    const [type, value] = itemsOf(attribute);
    if (dottedOid(type) === OID.commonName) commonName = textOf(value);
    if (dottedOid(type) === OID.organization) organizations.push(textOf(value));
  }
  return organizations.length > 0 ? { commonName, organizations } : { commonName };
}

/** Contents by dotted OID, not decoded: nobody asks for most of them. */
function readExtensions(field: Asn1 | undefined): ReadonlyMap<string, Buffer> {
  const [extensions] = itemsOf(field);
  const byOid = new Map<string, Buffer>();
  for (const extension of itemsOf(extensions)) {
    const parts = itemsOf(extension);
    byOid.set(dottedOid(parts[0]), octetsOf(parts.at(-1)));
  }
  return byOid;
}

function readKeyUsages(extension: Asn1 | undefined): readonly KeyUsage[] {
  const octets = octetsOf(extension).subarray(1);
  return KEY_USAGE_BITS.filter((_, bit) => ((octets[bit >> 3] ?? 0) << (bit & 7)) & 0x80);
}

function readIpAddress(name: Asn1): string {
  const octets = octetsOf(name);
  const address = ipAddressFromOctets(octets);
  return address ? formatIpAddress(address) : octets.toString('hex');
}
