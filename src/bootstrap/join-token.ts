import { encodeData } from '../kube/secret-data.ts';
import type { Secret } from '../kube/resources.ts';
import { hostAndPort, type Endpoint } from './endpoint.ts';
import { BOOTSTRAP_TOKEN_GROUP } from './groups.ts';
import { toTime } from '../kube/time.ts';

/** Type of the Secrets that are bootstrap tokens; Secrets can be listed by it (`fieldSelector: type=...`). */
export const BOOTSTRAP_TOKEN_TYPE = 'bootstrap.kubernetes.io/token';

export interface JoinToken {
  /** Six characters of `a-z0-9`: not secret, names the token. */
  readonly tokenId: string;
  /** Sixteen characters of `a-z0-9`. */
  readonly tokenSecret: string;
  readonly expiresAt: Date;
  readonly description?: string;
  /** Default: kubeadm's. All start with `system:bootstrappers:`. */
  readonly groups?: readonly string[];
}

/**
 * The Secret that makes a token good for one join after another until it expires, as `kubeadm token create` writes it
 * (cluster-bootstrap token/api). Made with `create`, so that an id drawn twice is refused.
 */
export function buildJoinToken(token: JoinToken): Secret {
  const data: Record<string, string> = {
    'auth-extra-groups': (token.groups ?? [BOOTSTRAP_TOKEN_GROUP]).join(','),
    expiration: toTime(token.expiresAt),
    'token-id': token.tokenId,
    'token-secret': token.tokenSecret,
    'usage-bootstrap-authentication': 'true',
    'usage-bootstrap-signing': 'true',
    ...(token.description && { description: token.description }),
  };
  return {
    metadata: { namespace: 'kube-system', name: `bootstrap-token-${token.tokenId}` },
    type: BOOTSTRAP_TOKEN_TYPE,
    data: encodeData(data),
  };
}

/** The line that a tenant runs on a machine, as root. `caHash` is SHA-256 of the CA's public key in hexadecimal. */
export function joinCommand(join: {
  readonly endpoint: Endpoint;
  readonly token: Pick<JoinToken, 'tokenId' | 'tokenSecret'>;
  readonly caHash: string;
}): string {
  const token = `${join.token.tokenId}.${join.token.tokenSecret}`;
  return `kubeadm join ${hostAndPort(join.endpoint)} --token ${token} --discovery-token-ca-cert-hash sha256:${join.caHash}`;
}
