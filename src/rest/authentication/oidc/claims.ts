import type { Identity, Judgement } from '../identity.ts';
import type { OidcConfiguration } from './configuration.ts';

/** As Kubernetes names the token that somebody came with (KEP-4193). */
const credentialId = 'authentication.kubernetes.io/credential-id';

/** Who the claims of a token that is valid speak of, or why nobody. */
export function judgeClaims(
  claims: Readonly<Record<string, unknown>>,
  { claimMappings, claimValidationRules }: OidcConfiguration,
): Judgement {
  for (const { claim, requiredValue } of claimValidationRules)
    if (claims[claim] !== requiredValue)
      return { refusal: `The claim ${claim} of the token is not what this issuer's tokens need.` };

  const { username, groups, uid } = claimMappings;
  if (username.claim === 'email' && claims['email_verified'] !== true)
    return { refusal: 'The token does not say that its email is verified.' };
  const name = claims[username.claim];
  if (!isText(name)) return { refusal: `The token has no claim ${username.claim} that names a user.` };

  const names = groups === undefined ? [] : toList(claims[groups.claim]);
  if (!names) return { refusal: `The claim ${groups?.claim} of the token is no list of names.` };

  const id = uid === undefined ? undefined : claims[uid.claim];
  if (uid !== undefined && !isText(id)) return { refusal: `The token has no claim ${uid.claim}.` };

  const identity: Identity = {
    authenticator: 'OIDC',
    username: username.prefix + name,
    ...(isText(id) && { uid: id }),
    groups: names.map((group) => (groups?.prefix ?? '') + group),
    extra: isText(claims['jti']) ? { [credentialId]: [`JTI=${claims['jti']}`] } : {},
  };
  if ([identity.username, ...identity.groups].some((mapped) => mapped.startsWith('system:')))
    return { refusal: 'Names that begin with system: are the platform’s own.' };
  return { identity };
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

/** One name, or several; none where there is no claim. */
function toList(value: unknown): readonly string[] | undefined {
  if (value === undefined || value === null) return [];
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  return values.every(isText) ? values : undefined;
}
