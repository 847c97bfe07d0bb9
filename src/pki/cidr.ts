import { isIPv4, isIPv6 } from 'node:net';

import { PkiError } from './errors.ts';

export type AddressFamily = 'IPv4' | 'IPv6';

export interface IpAddress {
  readonly family: AddressFamily;
  /** The address as an unsigned number of 32 or 128 bits. */
  readonly value: bigint;
}

export interface Cidr {
  readonly family: AddressFamily;
  /** First address of the range: host bits of the text are dropped. */
  readonly network: bigint;
  readonly prefixLength: number;
}

const BITS = { IPv4: 32, IPv6: 128 } as const;
/** `::ffff:0:0/96` without its host bits. */
const IPV4_MAPPED = 0xffffn;

/**
 * undefined when `text` is no address. An IPv4-mapped IPv6 address (`::ffff:10.0.0.1`) is the IPv4 address,
 * as it is for Go's net.IP; zones (`fe80::1%eth0`) are refused, a certificate cannot carry them.
 */
export function parseIpAddress(text: string): IpAddress | undefined {
  if (isIPv4(text)) return { family: 'IPv4', value: fromGroups(text.split('.'), 10, 8n) };
  if (!isIPv6(text) || text.includes('%')) return undefined;
  const value = fromGroups(hexGroups(text), 16, 16n);
  if (value >> 32n === IPV4_MAPPED) return { family: 'IPv4', value: value & 0xffff_ffffn };
  return { family: 'IPv6', value };
}

/** Dotted decimal, or the form of RFC 5952 section 4. */
export function formatIpAddress(address: IpAddress): string {
  const octets = ipAddressOctets(address);
  if (address.family === 'IPv4') return octets.join('.');
  const groups: string[] = [];
  for (let index = 0; index < 16; index += 2) groups.push(octets.readUInt16BE(index).toString(16));
  return canonicalIPv6(groups.join(':'));
}

/** One spelling for each address, so that text can be compared; undefined when `text` is no address. */
export function canonicalIpAddress(text: string): string | undefined {
  const address = parseIpAddress(text);
  return address && formatIpAddress(address);
}

/** Network byte order: 4 or 16 octets. */
export function ipAddressOctets(address: IpAddress): Buffer {
  const width = BITS[address.family] / 8;
  return Buffer.from(address.value.toString(16).padStart(width * 2, '0'), 'hex');
}

/** `octets` as {@link ipAddressOctets} makes them; undefined for any other length. */
export function ipAddressFromOctets(octets: Buffer): IpAddress | undefined {
  if (octets.length !== 4 && octets.length !== 16) return undefined;
  return { family: octets.length === 4 ? 'IPv4' : 'IPv6', value: BigInt(`0x${octets.toString('hex')}`) };
}

/** undefined when `text` is not `address/length`. */
export function parseCidr(text: string): Cidr | undefined {
  const [addressText = '', lengthText = '', ...rest] = text.split('/');
  const address = parseIpAddress(addressText);
  if (!address || rest.length > 0 || !/^(0|[1-9][0-9]{0,2})$/.test(lengthText)) return undefined;
  const prefixLength = Number(lengthText);
  if (prefixLength > BITS[address.family]) return undefined;
  const hostBits = BigInt(BITS[address.family] - prefixLength);
  return { family: address.family, network: (address.value >> hostBits) << hostBits, prefixLength };
}

/**
 * 0 is the network itself: the API server's Service has address 1, cluster DNS has 10.
 * @throws PkiError `InvalidRequest` when `cidr` is none or too small
 */
export function nthAddressOf(cidr: string, n: number): string {
  const operation = `address ${n} of ${JSON.stringify(cidr)}`;
  const range = parseCidr(cidr);
  if (!range) throw new PkiError({ code: 'InvalidRequest', operation, message: 'not a CIDR' });
  const size = 1n << BigInt(BITS[range.family] - range.prefixLength);
  if (!Number.isSafeInteger(n) || n < 0 || BigInt(n) >= size) {
    throw new PkiError({ code: 'InvalidRequest', operation, message: `not one of its ${size}` });
  }
  return formatIpAddress({ family: range.family, value: range.network + BigInt(n) });
}

export function cidrContains(cidr: string, address: string): boolean {
  const range = parseCidr(cidr);
  const candidate = parseIpAddress(address);
  if (!range || candidate?.family !== range.family) return false;
  const hostBits = BigInt(BITS[range.family] - range.prefixLength);
  return candidate.value >> hostBits === range.network >> hostBits;
}

function fromGroups(groups: readonly string[], radix: 10 | 16, width: bigint): bigint {
  let value = 0n;
  for (const group of groups) value = (value << width) | BigInt(Number.parseInt(group, radix));
  return value;
}

/** The eight groups of a valid IPv6 address, `::` filled in and a dotted tail turned into groups. */
function hexGroups(text: string): readonly string[] {
  const [head = '', tail] = canonicalIPv6(text).split('::');
  const front = head.split(':').filter(Boolean);
  const back = (tail ?? '').split(':').filter(Boolean);
  return [...front, ...Array<string>(8 - front.length - back.length).fill('0'), ...back];
}

/** WHATWG URL serialises IPv6 hosts as RFC 5952 has it. */
function canonicalIPv6(text: string): string {
  return new URL(`http://[${text}]`).hostname.slice(1, -1);
}
