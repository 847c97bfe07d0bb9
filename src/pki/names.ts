import { canonicalIpAddress } from './cidr.ts';

/** What a subjectAltName extension holds: canonical spelling, no duplicates. */
export interface AlternativeNames {
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
}

const LABEL = '[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?';
const DNS_NAME = new RegExp(`^(?:\\*\\.)?${LABEL}(?:\\.${LABEL})*$`, 'i');

/** RFC 1123 host name, of which the first label may be `*` (RFC 6125 section 6.4.3); no address. */
export function isDnsName(text: string): boolean {
  return text.length <= 253 && DNS_NAME.test(text) && canonicalIpAddress(text) === undefined;
}

/** Tells addresses from host names, as kubeadm does with `certSANs`; the order is kept. */
export function alternativeNames(names: readonly string[]): AlternativeNames {
  const dnsNames = new Set<string>();
  const ipAddresses = new Set<string>();
  for (const name of names) {
    const address = canonicalIpAddress(name);
    if (address === undefined) dnsNames.add(name.toLowerCase());
    else ipAddresses.add(address);
  }
  return { dnsNames: [...dnsNames], ipAddresses: [...ipAddresses] };
}
