import { z } from 'zod';
import type { KubeObject, Resource } from '../../kube/resource.ts';
import { apiVersion, conditions, int64, objectName, rules } from './meta.ts';

const host = '[a-zA-Z0-9]([-a-zA-Z0-9.]*[a-zA-Z0-9])?';
const segment = '[a-zA-Z0-9]([-_.a-zA-Z0-9]*[a-zA-Z0-9])?';

/** Below something else: no `..`, no slash at an end. */
const relativePath = z
  .string()
  .min(1)
  .max(256)
  .regex(new RegExp(`^${segment}(/${segment})*$`));

const volume = z
  .object({
    subPath: relativePath
      .optional()
      .describe('Directory below the one where the volume is mounted; made when it is not there.'),
  })
  .describe('The volume that is mounted in Marina’s pods where `MARINA_BACKUP_VOLUME` says.');

const s3 = z
  .object({
    endpoint: z
      .string()
      .max(261)
      .regex(new RegExp(`^https?://(${host}|\\[[0-9a-fA-F:]+\\])(:[1-9][0-9]{0,4})?$`))
      .describe('Address of the server, without a path: `https://host[:port]`.'),
    insecure: z
      .boolean()
      .default(false)
      .describe('Whether the endpoint may be `http://`: archives are encrypted, names and sizes are not.'),
    bucket: z
      .string()
      .min(3)
      .max(63)
      .regex(/^[a-z0-9][-.a-z0-9]*[a-z0-9]$/)
      .describe('Name of the bucket, which has to be there.'),
    prefix: relativePath
      .optional()
      .describe('What the names of all objects begin with, without a slash at its end.'),
    region: z
      .string()
      .min(1)
      .max(64)
      .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/)
      .default('us-east-1')
      .describe('Region of the bucket, as requests are signed for it.'),
    pathStyle: z
      .boolean()
      .default(true)
      .describe(
        'Whether the bucket is in the path of a request; if not, it is the first part of the host’s name.',
      ),
    credentialsSecret: z
      .object({ name: objectName('Name of the Secret.') })
      .describe('Opaque Secret in Marina’s own namespace with the keys `accessKeyId` and `secretAccessKey`.'),
    certificateAuthoritySecret: z
      .object({ name: objectName('Name of the Secret.') })
      .optional()
      .describe(
        'Opaque Secret in Marina’s own namespace with the key `ca.crt`, for a server whose certificate no public authority signed.',
      ),
  })
  .meta(
    rules({
      rule: "self.endpoint.startsWith('https://') || self.insecure",
      message: 'must begin with https://, or `insecure` be true',
      fieldPath: '.endpoint',
    }),
  )
  .describe('A bucket of a server that speaks the S3 API.');

const encryption = z
  .object({
    recipients: z
      .array(
        z
          .string()
          .max(62)
          .regex(/^age1[02-9ac-hj-np-z]{58}$/),
      )
      .min(1)
      .max(8)
      .meta({ 'x-kubernetes-list-type': 'set' })
      .describe(
        'Public keys, as `age-keygen` prints them; the private key of any one of them opens an archive.',
      ),
    identitySecret: z
      .object({ name: objectName('Name of the Secret.') })
      .optional()
      .describe(
        'Opaque Secret in Marina’s own namespace whose key `identity` is a file of private keys, as `age-keygen` writes it. Only a restore needs it.',
      ),
  })
  .describe(
    'Archives hold root keys and Secrets of tenants: none is written that is not encrypted (age, https://age-encryption.org/v1).',
  );

export const backupStorageSpec = z
  .object({
    volume: volume.optional(),
    s3: s3.optional(),
    encryption,
  })
  .meta(rules({ rule: 'has(self.volume) != has(self.s3)', message: 'needs either `volume` or `s3`' }));

export const backupStorageStatus = z.object({
  observedGeneration: int64.optional().describe('metadata.generation that this status is about.'),
  conditions: conditions.optional(),
});

export type BackupStorageSpec = z.output<typeof backupStorageSpec>;
export type BackupStorageStatus = z.output<typeof backupStorageStatus>;

export interface BackupStorage extends KubeObject {
  spec: BackupStorageSpec;
  status?: BackupStorageStatus;
}

export const backupStorages: Resource<BackupStorage> = {
  apiVersion,
  kind: 'BackupStorage',
  plural: 'backupstorages',
  namespaced: false,
};
