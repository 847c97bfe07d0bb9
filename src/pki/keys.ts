import {
  createPrivateKey,
  createPublicKey,
  generateKeyPair as generate,
  X509Certificate,
  type KeyObject,
} from 'node:crypto';
import { promisify } from 'node:util';

import { PkiError } from './errors.ts';
import type { KeyAlgorithm, KeyPair } from './types.ts';

const generateAsync = promisify(generate);

/** Off the main thread: an RSA key takes tens of milliseconds. */
export async function generateKeyPair(algorithm: KeyAlgorithm): Promise<KeyPair> {
  const publicKeyEncoding = { type: 'spki', format: 'pem' } as const;
  switch (algorithm) {
    case 'ECDSA-P256':
      return await generateAsync('ec', {
        namedCurve: 'P-256',
        publicKeyEncoding,
        privateKeyEncoding: { type: 'sec1', format: 'pem' },
      });
    case 'RSA-2048':
      return await generateAsync('rsa', {
        modulusLength: 2048,
        publicKeyEncoding,
        privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
      });
  }
}

/** The pair that signs and checks ServiceAccount tokens: encoded like any other, precious because tokens die with it. */
export async function generateServiceAccountKeyPair(algorithm: KeyAlgorithm): Promise<KeyPair> {
  return await generateKeyPair(algorithm);
}

/** SubjectPublicKeyInfo PEM of a private key. */
export function publicKeyOf(privateKey: string): string {
  return createPublicKey(readPrivateKey(privateKey)).export({ type: 'spki', format: 'pem' }).toString();
}

/** Whether `privateKey` is the one that `certificate` (the first, of a bundle) speaks of; false when either is unreadable. */
export function keysMatch(certificate: string, privateKey: string): boolean {
  try {
    return new X509Certificate(certificate).checkPrivateKey(createPrivateKey(privateKey));
  } catch {
    return false;
  }
}

/**
 * 16 octets in lower-case hexadecimal: positive, no leading zero, 126 random bits (RFC 5280 section 4.1.2.2 allows
 * 20 octets, CA/Browser asks for 64 bits).
 */
export function newSerialNumber(randomBytes: (size: number) => Buffer): string {
  const octets = Buffer.from(randomBytes(16));
  octets.writeUInt8((octets.readUInt8(0) & 0x3f) | 0x40, 0);
  return octets.toString('hex');
}

/** Base64 of 32 octets, as EncryptionConfiguration wants a `secretbox` key. */
export function newEncryptionKey(randomBytes: (size: number) => Buffer): string {
  return randomBytes(32).toString('base64');
}

/** @throws PkiError `Unreadable` */
export function readPrivateKey(privateKey: string): KeyObject {
  try {
    return createPrivateKey(privateKey);
  } catch (cause) {
    throw new PkiError({
      code: 'Unreadable',
      operation: 'read private key',
      message: 'not a PEM private key',
      cause,
    });
  }
}
