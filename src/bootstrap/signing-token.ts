import { createHmac } from 'node:crypto';

import { decodeData } from '../kube/secret-data.ts';
import type { Secret } from '../kube/resources.ts';
import { BOOTSTRAP_TOKEN_TYPE } from './join-token.ts';

export interface SigningToken {
  readonly id: string;
  readonly secret: string;
}

/**
 * The token for which the kube-controller-manager signs cluster-info now, or undefined for a Secret that it passes
 * over (pkg/controller/bootstrap/util.go, validateSecretForSigning).
 */
export function signingToken(secret: Secret, now: Date): SigningToken | undefined {
  const id = valueOf(secret, 'token-id');
  const tokenSecret = valueOf(secret, 'token-secret');
  if (secret.type !== BOOTSTRAP_TOKEN_TYPE) return undefined;
  if (!/^[a-z0-9]{6}$/.test(id) || secret.metadata?.name !== `bootstrap-token-${id}`) return undefined;
  if (tokenSecret === '' || valueOf(secret, 'usage-bootstrap-signing') !== 'true') return undefined;
  return hasExpired(valueOf(secret, 'expiration'), now) ? undefined : { id, secret: tokenSecret };
}

/** What belongs under `jws-kubeconfig-<id>`: an HS256 JWS whose content is left out (RFC 7515 appendix F). */
export function detachedSignature(content: string, token: SigningToken): string {
  const header = base64url(JSON.stringify({ alg: 'HS256', kid: token.id }));
  const signature = createHmac('sha256', token.secret)
    .update(`${header}.${base64url(content)}`)
    .digest('base64url');
  return `${header}..${signature}`;
}

function valueOf(secret: Secret, key: string): string {
  return decodeData(secret)[key] ?? '';
}

/** A time that cannot be read counts as past. */
function hasExpired(expiration: string, now: Date): boolean {
  return expiration !== '' && !(Date.parse(expiration) > now.getTime());
}

function base64url(text: string): string {
  return Buffer.from(text).toString('base64url');
}
