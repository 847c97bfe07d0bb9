import { isIPv6 } from 'node:net';

/**
 * What a client may have all of, the narrowest first: an IPv4 address; or an IPv6 subnet, and the networks around it that homes and
 * companies are given (RFC 6177), e.g. `2001:db8:0:1::/64`, `2001:db8:0:0::/56`, `2001:db8:0::/48`.
 */
export function networksOf(address: string): readonly [string, ...string[]] {
  const [, mapped] = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address) ?? [];
  if (mapped !== undefined) return [mapped];
  if (!isIPv6(address)) return [address];
  const groups = groupsOf(address.replace(/%.*$/, ''));
  return [networkOf(groups, 64), networkOf(groups, 56), networkOf(groups, 48)];
}

function groupsOf(address: string): readonly number[] {
  const [head = '', tail] = address.split('::');
  const first = head === '' ? [] : head.split(':');
  const last = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - first.length - last.length);
  const groups = [...first, ...Array<string>(zeros).fill('0'), ...last];
  return groups.map((group) => Number.parseInt(group, 16));
}

/** `bits`: a multiple of 8. */
function networkOf(groups: readonly number[], bits: number): string {
  const kept = groups.slice(0, Math.ceil(bits / 16));
  const masked = kept.map((group, index) => (bits - index * 16 < 16 ? group & 0xff00 : group));
  return `${masked.map((group) => group.toString(16)).join(':')}::/${bits}`;
}
