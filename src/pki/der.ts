import type { asn1 as forge } from 'node-forge';
import asn1 from 'node-forge/lib/asn1.js';

export type Asn1 = forge.Asn1;

const { Class, Type } = asn1;

export function sequence(...items: Asn1[]): Asn1 {
  return asn1.create(Class.UNIVERSAL, Type.SEQUENCE, true, items);
}

/** SET OF: DER has the items in the order of their encodings (X.690 section 11.6). */
export function setOf(...items: Asn1[]): Asn1 {
  const sorted = items.toSorted((a, b) => Buffer.compare(encode(a), encode(b)));
  return asn1.create(Class.UNIVERSAL, Type.SET, true, sorted);
}

export function oid(dotted: string): Asn1 {
  return primitive(Type.OID, asn1.oidToDer(dotted).getBytes());
}

export function boolean(value: boolean): Asn1 {
  return primitive(Type.BOOLEAN, value ? '\xff' : '\0');
}

export function nothing(): Asn1 {
  return primitive(Type.NULL, '');
}

/** An INTEGER that is never negative. */
export function unsignedInteger(value: bigint): Asn1 {
  const digits = value.toString(16);
  const octets = Buffer.from(digits.padStart(digits.length + (digits.length % 2), '0'), 'hex');
  return primitive(Type.INTEGER, (octets.readUInt8(0) & 0x80 ? '\0' : '') + octets.toString('latin1'));
}

export function octetString(octets: Buffer): Asn1 {
  return primitive(Type.OCTETSTRING, octets.toString('latin1'));
}

export function bitString(octets: Buffer, unusedBits = 0): Asn1 {
  return primitive(Type.BITSTRING, String.fromCharCode(unusedBits) + octets.toString('latin1'));
}

/** PrintableString where its alphabet suffices, UTF8String otherwise: what Go's encoding/asn1 chooses. */
export function directoryString(text: string): Asn1 {
  if (/^[A-Za-z0-9 '()+,\-./:=?]*$/.test(text)) return primitive(Type.PRINTABLESTRING, text);
  return primitive(Type.UTF8, Buffer.from(text, 'utf8').toString('latin1'));
}

/** UTCTime to the end of 2049, GeneralizedTime from then on (RFC 5280 section 4.1.2.5); whole seconds. */
export function time(date: Date): Asn1 {
  if (date.getUTCFullYear() < 2050) return primitive(Type.UTCTIME, asn1.dateToUtcTime(date));
  return primitive(Type.GENERALIZEDTIME, asn1.dateToGeneralizedTime(date));
}

/** `[tag] IMPLICIT` of something primitive. */
export function contextPrimitive(tag: number, octets: Buffer): Asn1 {
  return asn1.create(Class.CONTEXT_SPECIFIC, tag, false, octets.toString('latin1'));
}

/** `[tag] EXPLICIT`. */
export function contextExplicit(tag: number, item: Asn1): Asn1 {
  return asn1.create(Class.CONTEXT_SPECIFIC, tag, true, [item]);
}

export function encode(item: Asn1): Buffer {
  return Buffer.from(asn1.toDer(item).getBytes(), 'latin1');
}

/** @throws Error when `der` is not one whole DER value. */
export function decode(der: Buffer): Asn1 {
  return asn1.fromDer(der.toString('latin1'), { decodeBitStrings: false });
}

/** The items of something constructed; none for anything else. */
export function itemsOf(item: Asn1 | undefined): readonly Asn1[] {
  return Array.isArray(item?.value) ? item.value : [];
}

/** The content of something primitive; empty for anything else. */
export function octetsOf(item: Asn1 | undefined): Buffer {
  return Buffer.from(typeof item?.value === 'string' ? item.value : '', 'latin1');
}

/** The text of any of the string types; latin1 for those of one octet a character. */
export function textOf(item: Asn1 | undefined): string {
  if (typeof item?.value !== 'string') return '';
  // The encoder has already turned BMPString into UTF-16.
  return item.type === Type.UTF8 ? Buffer.from(item.value, 'latin1').toString('utf8') : item.value;
}

/** `[tag]` of the context class. */
export function hasContextTag(item: Asn1 | undefined, tag: number): boolean {
  return item?.tagClass === Class.CONTEXT_SPECIFIC && item.type === tag;
}

export function dottedOid(item: Asn1 | undefined): string {
  return item?.type === Type.OID && typeof item.value === 'string' ? asn1.derToOid(item.value) : '';
}

export function isTrue(item: Asn1 | undefined): boolean {
  return item?.type === Type.BOOLEAN && item.value !== '\0';
}

function primitive(type: forge.Type, content: string): Asn1 {
  return asn1.create(Class.UNIVERSAL, type, false, content);
}
