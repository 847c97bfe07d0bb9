import { z } from 'zod';

function perSecond(usual: number) {
  return z.coerce.number().int().min(1).max(100_000).default(usual);
}

const fields = z.object({
  MARINA_NAMESPACE: z
    .string()
    .min(1)
    .default('marina-system')
    .describe('Namespace that Marina runs in; DataStore Secrets are read there.'),
  MARINA_TENANTS_NAMESPACE: z
    .string()
    .min(1)
    .default('marina-tenants')
    .describe('Namespace that control planes run in.'),
  MARINA_NODE_ADDRESS: z
    .union([z.ipv4(), z.ipv6(), z.hostname()])
    .optional()
    .describe('Published address of control planes with a NodePort and no spec.networkProfile.address.'),
  MARINA_KINE_IMAGE: z
    .string()
    .min(1)
    .default('docker.io/rancher/kine:v0.16.4')
    .describe('Image of kine, which control planes on Postgres have beside their API server.'),
  MARINA_BACKUP_VOLUME: z
    .string()
    .regex(/^\//)
    .default('/var/lib/marina/backups')
    .describe('Directory where the volume of BackupStorages with `volume` is mounted.'),
  MARINA_RESYNC_SECONDS: z.coerce
    .number()
    .int()
    .min(5)
    .max(86_400)
    .default(300)
    .describe('Seconds after which objects inside a tenant cluster are compared again.'),
  MARINA_WORKERS: z.coerce
    .number()
    .int()
    .min(1)
    .max(256)
    .default(8)
    .describe('Control planes reconciled at once.'),
  MARINA_USAGE_SECONDS: z.coerce
    .number()
    .int()
    .min(10)
    .max(300)
    .default(60)
    .describe('Seconds from one sample of what control planes use to the next.'),
  MARINA_USAGE_REQUESTS_SECONDS: z.coerce
    .number()
    .int()
    .min(10)
    .max(3600)
    .default(300)
    .describe('Seconds from one reading of a tenant’s request counters to the next.'),
  MARINA_USAGE_HOURLY_DAYS: z.coerce
    .number()
    .int()
    .min(2)
    .max(3660)
    .default(90)
    .describe('Days for which usage is kept by the hour; older usage is kept by the day (UTC).'),
  MARINA_USAGE_DAYS: z.coerce
    .number()
    .int()
    .min(2)
    .max(36_600)
    .default(1100)
    .describe('Days for which usage is kept, that of deleted control planes as well.'),
  MARINA_HTTP_PORT: z.coerce
    .number()
    .int()
    .min(1)
    .max(65_535)
    .default(8080)
    .describe('Port of /metrics, /healthz and /readyz.'),
  MARINA_API_PORT: z.coerce
    .number()
    .int()
    .min(1)
    .max(65_535)
    .optional()
    .describe('Port of the REST API; left out: it is not served.'),
  MARINA_API_TLS_CERT_FILE: z
    .string()
    .min(1)
    .optional()
    .describe(
      'PEM file of the REST API’s certificate and those above it; left out: plain HTTP, for a proxy that ends TLS.',
    ),
  MARINA_API_TLS_KEY_FILE: z.string().min(1).optional().describe('PEM file of that certificate’s key.'),
  MARINA_API_TRUSTED_PROXIES: z
    .string()
    .default('')
    .transform((list) => list.split(',').flatMap((entry) => entry.trim() || []))
    .pipe(z.array(z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()])))
    .describe(
      'Addresses and CIDRs, with commas between, whose X-Forwarded-For and X-Forwarded-Proto are believed.',
    ),
  MARINA_API_READS_PER_SECOND: perSecond(100).describe(
    'What one user may read, on average over ten seconds.',
  ),
  MARINA_API_CHANGES_PER_SECOND: perSecond(20).describe(
    'What one user may change, on average over ten seconds.',
  ),
  MARINA_API_UNKNOWN_TOKENS_PER_SECOND: perSecond(5).describe(
    'Requests of one address whose tokens are missing, refused, or not known yet, on average over ten seconds.',
  ),
  MARINA_API_MAX_IN_FLIGHT: z.coerce
    .number()
    .int()
    .min(1)
    .max(10_000)
    .default(400)
    .describe(
      'Requests under way at once, without watches and those that wait; one user has an eighth of them.',
    ),
  MARINA_API_DRAIN_SECONDS: z.coerce
    .number()
    .int()
    .min(0)
    .max(600)
    .default(20)
    .describe(
      'Seconds that requests under way have when Marina ends; with more, `terminationGracePeriodSeconds` has to be more too.',
    ),
  MARINA_OIDC_FILE: z
    .string()
    .min(1)
    .optional()
    .describe(
      'File that names the issuers of OIDC tokens (docs/guides/rest-sign-in.md); left out: there are none.',
    ),
  MARINA_DATABASE_URL: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Management database, `postgres://user:password@host:5432/database`; TLS is verified unless `?sslmode=disable`. The REST API needs it.',
    ),
  MARINA_DATABASE_CA_FILE: z
    .string()
    .min(1)
    .optional()
    .describe('PEM file of the CA that the management database’s certificate is from; default: public CAs.'),
  MARINA_DATABASE_CERT_FILE: z
    .string()
    .min(1)
    .optional()
    .describe('PEM file of the client certificate for the management database; with its key.'),
  MARINA_DATABASE_KEY_FILE: z.string().min(1).optional().describe('PEM file of that certificate’s key.'),
  MARINA_LOG_LEVEL: z
    .enum(['debug', 'info', 'warn', 'error'])
    .default('info')
    .describe('The least urgent lines that are written.'),
  MARINA_IDENTITY: z
    .string()
    .min(1)
    .optional()
    .describe('Name of this process in the leader’s Lease; default: the host name.'),
  KUBECONFIG: z
    .string()
    .min(1)
    .optional()
    .describe('Kubeconfig of the management cluster; inside it the ServiceAccount is used.'),
});

/** Everything that can be set from outside, as environment variables; docs/reference/configuration.md is made from it. */
export const environment = fields
  .refine(({ MARINA_API_PORT: port, MARINA_DATABASE_URL: url }) => port === undefined || url !== undefined, {
    path: ['MARINA_DATABASE_URL'],
    error: 'has to be set where MARINA_API_PORT is: the REST API writes its audit trail there',
  })
  .refine(
    ({ MARINA_API_TLS_CERT_FILE: cert, MARINA_API_TLS_KEY_FILE: key }) =>
      (cert === undefined) === (key === undefined),
    {
      path: ['MARINA_API_TLS_KEY_FILE'],
      error: 'and MARINA_API_TLS_CERT_FILE are set together or not at all',
    },
  );

export type Environment = z.output<typeof environment>;

/** @throws Error that names every variable which is wrong, and why. */
export function loadEnvironment(variables: Readonly<Record<string, string | undefined>>): Environment {
  const parsed = environment.safeParse(variables);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`);
  throw new Error(`The configuration is wrong:\n${problems.join('\n')}`);
}
