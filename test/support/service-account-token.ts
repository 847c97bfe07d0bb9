import { importPKCS8, SignJWT } from 'jose';
import { createPrivateKey } from 'node:crypto';
import type { KubeApiserver } from './kube-apiserver.ts';

export interface TokenClaims {
  readonly namespace: string;
  readonly name: string;
  /** Of the ServiceAccount. */
  readonly uid: string;
  /** Default `marina.dev`. */
  readonly audience?: string;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
}

/** A ServiceAccount's token as TokenRequest makes them, for lifetimes that it does not give out (KEP-1205: ten minutes at least). */
export async function mintToken(
  { serviceAccountKeys }: Pick<KubeApiserver, 'serviceAccountKeys'>,
  { namespace, name, uid, audience = 'marina.dev', issuedAt, expiresAt }: TokenClaims,
): Promise<string> {
  const pem = createPrivateKey(serviceAccountKeys.privateKey).export({ type: 'pkcs8', format: 'pem' });
  const key = await importPKCS8(String(pem), 'ES256');
  return await new SignJWT({ 'kubernetes.io': { namespace, serviceaccount: { name, uid } } })
    .setProtectedHeader({ alg: 'ES256' })
    .setIssuer('https://kubernetes.default.svc.cluster.local')
    .setAudience(audience)
    .setSubject(`system:serviceaccount:${namespace}:${name}`)
    .setIssuedAt(issuedAt)
    .setNotBefore(issuedAt)
    .setExpirationTime(expiresAt)
    .sign(key);
}
