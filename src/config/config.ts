import { z } from 'zod';

/** Everything that can be set from outside, as environment variables; docs/reference/configuration.md is made from it. */
export const environment = z.object({
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
    .describe('Port of the REST API, plain HTTP for a proxy that ends TLS; left out: it is not served.'),
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

export type Environment = z.output<typeof environment>;

/** @throws Error that names every variable which is wrong, and why. */
export function loadEnvironment(variables: Readonly<Record<string, string | undefined>>): Environment {
  const parsed = environment.safeParse(variables);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`);
  throw new Error(`The configuration is wrong:\n${problems.join('\n')}`);
}
