import { X509Certificate } from 'node:crypto';
import { parse } from 'yaml';
import { z } from 'zod';
import { isHttpsOrLoopback } from './provider-url.ts';

const claim = z.string().min(1);

/** Somebody else's names must not become names that mean something here: those of the platform, or of another issuer. */
const prefix = z
  .string()
  .min(1)
  .refine((value) => !value.startsWith('system:'), { error: 'must not begin with system:' });

const issuerUrl = z.string().refine(isHttpsOrLoopback, {
  error: 'has to be an https URL without query and fragment; http only on loopback',
});

const prefixedClaim = z.strictObject({ claim, prefix });

const issuer = z.strictObject({
  issuer: z.strictObject({
    url: issuerUrl,
    audiences: z.array(z.string().min(1)).min(1),
    certificateAuthority: z
      .string()
      .refine(isCertificate, { error: 'has to be a certificate in PEM' })
      .optional(),
  }),
  claimMappings: z.strictObject({
    username: prefixedClaim,
    groups: prefixedClaim.optional(),
    uid: z.strictObject({ claim }).optional(),
  }),
  claimValidationRules: z.array(z.strictObject({ claim, requiredValue: z.string() })).default([]),
});

const issuers = z.array(issuer).superRefine((all, context) => {
  for (const [index, one] of all.entries()) {
    for (const other of all.slice(0, index)) {
      const refuse = (path: readonly string[], message: string) =>
        context.addIssue({ code: 'custom', path: [index, ...path], message });
      if (one.issuer.url === other.issuer.url) refuse(['issuer', 'url'], 'is there twice');
      for (const kind of ['username', 'groups'] as const) {
        if (overlap(one.claimMappings[kind]?.prefix, other.claimMappings[kind]?.prefix))
          refuse(
            ['claimMappings', kind, 'prefix'],
            `an issuer could name those of ${other.issuer.url}: no prefix may begin with another`,
          );
      }
    }
  }
});

/** One entry of the `jwt` list of Kubernetes' AuthenticationConfiguration (apiserver.config.k8s.io), as far as Marina has it. */
export type OidcConfiguration = z.output<typeof issuer>;

/** @throws Error that names every field which is wrong, e.g. `[0].claimMappings.username.prefix` */
export function parseOidcConfiguration(text: string): readonly OidcConfiguration[] {
  const parsed = issuers.safeParse(parse(text) ?? []);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `  ${z.core.toDotPath(path)}: ${message}`);
  throw new Error(`The configuration of OIDC is wrong:\n${problems.join('\n')}`);
}

function overlap(one: string | undefined, other: string | undefined): boolean {
  if (one === undefined || other === undefined) return false;
  return one.startsWith(other) || other.startsWith(one);
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).ca;
  } catch {
    return false;
  }
}
