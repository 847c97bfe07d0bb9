import { decodeData, encodeData } from '../kube/secret-data.ts';
import type { Secret } from '../kube/resources.ts';
import { BOOTSTRAP_TOKEN_GROUP } from './groups.ts';
import { toTime } from '../kube/time.ts';

/** Type of the Secrets that are bootstrap tokens; Secrets can be listed by it (`fieldSelector: type=...`). */
export const BOOTSTRAP_TOKEN_TYPE = 'bootstrap.kubernetes.io/token';

export interface JoinToken {
  /** Six characters of `a-z0-9`: not secret, names the token. */
  readonly tokenId: string;
  /** Sixteen characters of `a-z0-9`. */
  readonly tokenSecret: string;
  /** A token without one is good for ever; Marina makes none. */
  readonly expiresAt?: Date;
  readonly description?: string;
  /** Default: kubeadm's. All start with `system:bootstrappers:`. */
  readonly groups?: readonly string[];
  /** What it is good for; a join needs both, which is the default. */
  readonly usages?: readonly JoinTokenUsage[];
}

/** `authentication`: it signs in as a bootstrapper. `signing`: it proves that cluster-info is the cluster's own. */
export const joinTokenUsages = ['authentication', 'signing'] as const;
export type JoinTokenUsage = (typeof joinTokenUsages)[number];

/** What the API server takes as an id and a secret (cluster-bootstrap token/api). */
export const joinTokenIdPattern = /^[a-z0-9]{6}$/;

/** The Secret that is a token, inside the tenant cluster. */
export function joinTokenRef(tokenId: string) {
  return { namespace: 'kube-system', name: `bootstrap-token-${tokenId}` } as const;
}

const alphabet = 'abcdefghijklmnopqrstuvwxyz0123456789';

/** A new id and secret; `random` gives an integer below its argument, each as likely as the others. */
export function drawJoinToken(random: (below: number) => number): Pick<JoinToken, 'tokenId' | 'tokenSecret'> {
  const draw = (length: number) => Array.from({ length }, () => alphabet[random(alphabet.length)]).join('');
  return { tokenId: draw(6), tokenSecret: draw(16) };
}

/**
 * The Secret that makes a token good for one join after another until it expires, as `kubeadm token create` writes it
 * (cluster-bootstrap token/api). Made with `create`, so that an id drawn twice is refused.
 */
export function buildJoinToken(token: JoinToken): Secret {
  const data: Record<string, string> = {
    'auth-extra-groups': (token.groups ?? [BOOTSTRAP_TOKEN_GROUP]).join(','),
    ...(token.expiresAt && { expiration: toTime(token.expiresAt) }),
    'token-id': token.tokenId,
    'token-secret': token.tokenSecret,
    ...Object.fromEntries((token.usages ?? joinTokenUsages).map((usage) => [usageKey(usage), 'true'])),
    ...(token.description && { description: token.description }),
  };
  return {
    metadata: joinTokenRef(token.tokenId),
    type: BOOTSTRAP_TOKEN_TYPE,
    data: encodeData(data),
  };
}

/** What a bootstrap token's Secret says of it; undefined for one that is none. Other hands may have written it. */
export function readJoinToken(
  secret: Secret,
): (Omit<JoinToken, 'tokenSecret'> & { readonly usages: readonly JoinTokenUsage[] }) | undefined {
  const data = decodeData(secret);
  const tokenId = data['token-id'] ?? '';
  const isToken = secret.type === BOOTSTRAP_TOKEN_TYPE && joinTokenIdPattern.test(tokenId);
  if (!isToken || secret.metadata?.name !== joinTokenRef(tokenId).name) return undefined;
  const expiresAt = new Date(data['expiration'] ?? Number.NaN);
  return {
    tokenId,
    ...(!Number.isNaN(expiresAt.getTime()) && { expiresAt }),
    ...(data['description'] && { description: data['description'] }),
    groups: (data['auth-extra-groups'] ?? '').split(',').filter((group) => group !== ''),
    usages: joinTokenUsages.filter((usage) => data[usageKey(usage)] === 'true'),
  };
}

function usageKey(usage: JoinTokenUsage): string {
  return `usage-bootstrap-${usage}`;
}

/** What is needed to join. */
export interface Join {
  /** `host:port` */
  readonly address: string;
  readonly token: Pick<JoinToken, 'tokenId' | 'tokenSecret'>;
  /** SHA-256 of the CA's public key, hexadecimal. */
  readonly caHash: string;
}

/** The command, word by word, that a tenant runs on a machine as root. */
export function joinCommand({ address, token, caHash }: Join): readonly string[] {
  return [
    'kubeadm',
    'join',
    address,
    '--token',
    `${token.tokenId}.${token.tokenSecret}`,
    '--discovery-token-ca-cert-hash',
    `sha256:${caHash}`,
  ];
}
