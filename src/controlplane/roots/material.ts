import { createHash } from 'node:crypto';
import { inspectCertificate, keysMatch, publicKeyOf } from '../../pki/index.ts';

/** What is precious: made once for a tenant, and never again without somebody saying so. PEM text by file name. */
export interface Roots {
  readonly 'ca.crt': string;
  readonly 'ca.key': string;
  readonly 'front-proxy-ca.crt': string;
  readonly 'front-proxy-ca.key': string;
  readonly 'sa.key': string;
  readonly 'sa.pub': string;
  /** EncryptionConfiguration (apiserver.config.k8s.io/v1). */
  readonly 'encryption.yaml': string;
}

const files = [
  'ca.crt',
  'ca.key',
  'front-proxy-ca.crt',
  'front-proxy-ca.key',
  'sa.key',
  'sa.pub',
  'encryption.yaml',
] as const satisfies readonly (keyof Roots)[];

export type RootsReading =
  { readonly readable: true; readonly roots: Roots } | { readonly readable: false; readonly message: string };

/** Reads the files of the roots' Secret; says which one is missing or does not fit. */
export function readRoots(data: Readonly<Record<string, string>>): RootsReading {
  for (const file of files) {
    if (!data[file]) return { readable: false, message: `${file} is missing` };
  }
  const roots = data as unknown as Roots;
  try {
    for (const root of ['ca', 'front-proxy-ca'] as const) {
      if (!inspectCertificate(roots[`${root}.crt`]).isCertificateAuthority) {
        return { readable: false, message: `${root}.crt is not a certificate authority` };
      }
      if (!keysMatch(roots[`${root}.crt`], roots[`${root}.key`])) {
        return { readable: false, message: `${root}.key is not the key of ${root}.crt` };
      }
    }
    if (publicKeyOf(roots['sa.key']).trim() !== roots['sa.pub'].trim()) {
      return { readable: false, message: 'sa.pub is not the public half of sa.key' };
    }
  } catch (error: unknown) {
    return { readable: false, message: error instanceof Error ? error.message : String(error) };
  }
  return { readable: true, roots };
}

/** SHA-256 over all of the roots, so that a swap or an edit is noticed; says nothing about the keys. */
export function rootsFingerprint(roots: Roots): string {
  const hash = createHash('sha256');
  for (const file of files) hash.update(`${file}\0${roots[file]}\0`);
  return hash.digest('hex');
}

/**
 * Secrets are sealed with secretbox; `identity` reads what an older configuration may have left in the clear.
 * aesgcm and KMS bind a value to its key in the store, so that copies under another prefix would not open.
 */
export function encryptionConfiguration(key: string): string {
  const configuration = {
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'EncryptionConfiguration',
    resources: [
      {
        resources: ['secrets'],
        providers: [{ secretbox: { keys: [{ name: 'key1', secret: key }] } }, { identity: {} }],
      },
    ],
  };
  return JSON.stringify(configuration, undefined, 2);
}
