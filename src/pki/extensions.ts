import { ipAddressOctets, parseIpAddress } from './cidr.ts';
import {
  bitString,
  boolean,
  contextPrimitive,
  encode,
  octetString,
  oid,
  sequence,
  type Asn1,
} from './der.ts';
import { FieldError } from './errors.ts';
import { isDnsName } from './names.ts';
import {
  EXTENDED_KEY_USAGE_OIDS,
  KEY_USAGE_BITS,
  OID,
  SAN_DNS_NAME,
  SAN_IP_ADDRESS,
  type KeyUsage,
} from './oids.ts';
import type { ExtendedKeyUsage } from './types.ts';

export function keyUsage(usages: readonly KeyUsage[]): Asn1 {
  let bits = 0;
  for (const usage of usages) bits |= 0x80 >> KEY_USAGE_BITS.indexOf(usage);
  const unused = 31 - Math.clz32(bits & -bits);
  return extension(OID.keyUsage, bitString(Buffer.of(bits), unused), 'critical');
}

export function extendedKeyUsage(usages: readonly ExtendedKeyUsage[]): Asn1 {
  return extension(
    OID.extendedKeyUsage,
    sequence(...usages.map((usage) => oid(EXTENDED_KEY_USAGE_OIDS[usage]))),
  );
}

export function basicConstraints(isCertificateAuthority: boolean): Asn1 {
  const content = isCertificateAuthority ? sequence(boolean(true)) : sequence();
  return extension(OID.basicConstraints, content, 'critical');
}

export function subjectKeyIdentifier(identifier: Buffer): Asn1 {
  return extension(OID.subjectKeyIdentifier, octetString(identifier));
}

export function authorityKeyIdentifier(identifier: Buffer): Asn1 {
  return extension(OID.authorityKeyIdentifier, sequence(contextPrimitive(0, identifier)));
}

/** @throws FieldError */
export function subjectAltName(dnsNames: readonly string[], ipAddresses: readonly string[]): Asn1 {
  const names: Asn1[] = [];
  for (const [index, name] of dnsNames.entries()) {
    if (!isDnsName(name))
      throw new FieldError(`dnsNames[${index}]`, `${JSON.stringify(name)} is no DNS name`);
    names.push(contextPrimitive(SAN_DNS_NAME, Buffer.from(name, 'latin1')));
  }
  for (const [index, text] of ipAddresses.entries()) {
    const address = parseIpAddress(text);
    if (!address) throw new FieldError(`ipAddresses[${index}]`, `${JSON.stringify(text)} is no IP address`);
    names.push(contextPrimitive(SAN_IP_ADDRESS, ipAddressOctets(address)));
  }
  return extension(OID.subjectAltName, sequence(...names));
}

function extension(id: string, content: Asn1, critical?: 'critical'): Asn1 {
  const value = octetString(encode(content));
  return critical ? sequence(oid(id), boolean(true), value) : sequence(oid(id), value);
}
