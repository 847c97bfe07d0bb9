const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';

/**
 * The name under which a tenant's objects, store user and partition go: `t` and the 128 bits of the object's UID in
 * RFC 4648 base32 without padding. Names and namespaces have no part in it, so they cannot collide.
 * @throws TypeError when `uid` is not a UUID.
 */
export function runtimeId(uid: string): string {
  const hex = uid.replaceAll('-', '').toLowerCase();
  if (!/^[0-9a-f]{32}$/.test(hex)) throw new TypeError(`not a UUID: ${JSON.stringify(uid)}`);

  // 130 bits make 26 characters of five bits; the two low ones are padding.
  let rest = BigInt(`0x${hex}`) << 2n;
  let encoded = '';
  for (let position = 0; position < 26; position += 1) {
    encoded = `${alphabet[Number(rest & 31n)]}${encoded}`;
    rest >>= 5n;
  }
  return `t${encoded}`;
}
