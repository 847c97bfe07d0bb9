import { z } from 'zod';

/** First line of an archive: whose it is, of which moment, and what a new control plane of the same cluster is made from. */
export const manifest = z.object({
  format: z.literal('marina.dev/backup/v1'),
  /** RFC 3339. */
  takenAt: z.string(),
  tenant: z.object({ namespace: z.string(), name: z.string(), uid: z.string(), runtimeId: z.string() }),
  dataStore: z.object({ name: z.string(), driver: z.string(), version: z.string().optional() }),
  /** Of the store, in decimal digits: everything in the archive is as it was then. */
  revision: z.string().regex(/^\d+$/),
  kubernetesVersion: z.string(),
  /** Of the TenantControlPlane. */
  controlPlane: z.object({
    labels: z.record(z.string(), z.string()).optional(),
    annotations: z.record(z.string(), z.string()).optional(),
    spec: z.record(z.string(), z.unknown()),
  }),
  /** Files of the roots' Secret, private keys among them. */
  roots: z.record(z.string(), z.string()),
  /** SHA-256 over them, as in the status of the TenantControlPlane. */
  rootsFingerprint: z.string(),
});

export type Manifest = z.output<typeof manifest>;

/** Last line of an archive: an archive without it is not whole. */
export const digest = z.object({ entries: z.int(), bytes: z.int(), sha256: z.string() });
