import { z } from 'zod';
import { rules } from './meta.ts';

/** kube-apiserver refuses the whole file, and does not start, for anything else (pkg/apis/apiserver/validation). */
const httpsUrl = z
  .string()
  .min(1)
  .max(512)
  .meta(
    rules({
      rule: "isURL(self) && url(self).getScheme() == 'https' && url(self).getHost() != '' && !self.matches('[?#@]')",
      message: 'must be an https URL without user, query and fragment',
    }),
  );

const issuer = z
  .looseObject({
    url: httpsUrl.describe('`iss` of the tokens.'),
    discoveryURL: httpsUrl.optional().describe('Where the keys are announced, when that is not below `url`.'),
    certificateAuthority: z
      .string()
      .max(65_536)
      .optional()
      .describe('PEM of the roots to trust; left out: those of the image.'),
    audiences: z
      .array(z.string().min(1).max(512))
      .min(1)
      .max(32)
      .meta({ 'x-kubernetes-list-type': 'set' })
      .describe('One of them has to be in `aud`.'),
    audienceMatchPolicy: z.enum(['MatchAny']).optional().describe('Needed with more than one audience.'),
  })
  .meta(
    rules(
      {
        rule: 'self.audiences.size() < 2 || has(self.audienceMatchPolicy)',
        message: 'is needed with more than one audience',
        fieldPath: '.audienceMatchPolicy',
        reason: 'FieldValueRequired',
      },
      {
        rule: '!has(self.discoveryURL) || self.discoveryURL != self.url',
        message: 'must be another one than url',
        fieldPath: '.discoveryURL',
      },
    ),
  )
  .describe('Who issues the tokens.');

const claimOrExpression = {
  claim: z.string().max(256).optional().describe('Name of the claim.'),
  prefix: z.string().max(256).optional().describe('Put in front; needed with `claim`, may be empty.'),
  expression: z.string().max(8192).optional().describe('CEL over `claims`, in place of claim and prefix.'),
};

const hasClaim = "(has(self.claim) && self.claim != '')";
const hasExpression = "(has(self.expression) && self.expression != '')";

const prefixGoesWithClaim = {
  rule: `${hasClaim} == has(self.prefix)`,
  message: 'is needed with claim, and has no place without it',
  fieldPath: '.prefix',
} as const;

const username = z
  .looseObject(claimOrExpression)
  .meta(
    rules(
      { rule: `${hasClaim} != ${hasExpression}`, message: 'needs either claim or expression' },
      prefixGoesWithClaim,
    ),
  )
  .describe('What the user is called.');

const groups = z
  .looseObject(claimOrExpression)
  .meta(
    rules(
      { rule: `!(${hasClaim} && ${hasExpression})`, message: 'needs either claim or expression' },
      prefixGoesWithClaim,
    ),
  )
  .describe('Which groups the user is in.');

const jwtAuthenticator = z.looseObject({
  issuer,
  claimMappings: z
    .looseObject({ username, groups: groups.optional() })
    .describe('How claims become a user; further mappings as in AuthenticationConfiguration.'),
});

/** Who may sign in, in the words of AuthenticationConfiguration (KEP-3331); what is not named here is passed on. */
export const authentication = z.object({
  jwt: z
    .array(jwtAuthenticator)
    .max(16)
    .optional()
    .meta(
      rules({
        rule: 'self.all(a, self.exists_one(b, b.issuer.url == a.issuer.url))',
        message: 'each must have an issuer.url of its own',
      }),
    )
    .describe('JWT authenticators, as `jwt` of AuthenticationConfiguration (apiserver.config.k8s.io/v1).'),
});

/** On the whole spec: kube-apiserver takes no token of its own service accounts from an authenticator. */
export const issuersApart = {
  rule: "!has(self.authentication.jwt) || self.authentication.jwt.all(a, !(a.issuer.url in self.serviceAccountIssuers) && a.issuer.url != 'https://kubernetes.default.svc.' + self.networkProfile.clusterDomain)",
  message: 'must not have an issuer of service-account tokens',
  fieldPath: '.authentication.jwt',
} as const;
