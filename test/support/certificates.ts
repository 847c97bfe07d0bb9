import { validityFrom } from '../../src/pki/validity.ts';
import { makeAuthority, makeLeaf } from './pki.ts';

export interface Credential {
  /** PEM. */
  readonly certificate: string;
  readonly privateKey: string;
}

export interface LeafOptions {
  readonly commonName: string;
  readonly organizations?: readonly string[];
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
}

const dayMs = 24 * 60 * 60 * 1000;

/** A P-256 root, good for a day. */
export async function createAuthority(commonName: string): Promise<Credential> {
  return makeAuthority(commonName, 'ECDSA-P256', validityFrom(new Date(), dayMs));
}

/** A P-256 leaf that serves and calls, good for a day. */
export async function createLeaf(authority: Credential, options: LeafOptions): Promise<Credential> {
  const { commonName, organizations = [], dnsNames, ipAddresses } = options;
  return makeLeaf(authority, {
    subject: { commonName, organizations },
    usages: ['serverAuth', 'clientAuth'],
    ...(dnsNames && { dnsNames }),
    ...(ipAddresses && { ipAddresses }),
    ...validityFrom(new Date(), dayMs),
  });
}
