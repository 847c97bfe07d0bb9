import { z } from 'zod';
import type { KubeObject, Resource } from '../../kube/resource.ts';
import { apiVersion, conditions, dnsLabelPattern, immutable, int64, objectName, rules } from './meta.ts';

const time = z.string().max(64).meta({ format: 'date-time' });
const tenantName = z.string().min(1).max(63).regex(new RegExp(dnsLabelPattern));

const source = z
  .object({
    backup: objectName('Name of a TenantBackup in the same namespace.').optional(),
    archive: z
      .string()
      .min(1)
      .max(64)
      .optional()
      .describe('Name of one of its archives; left out: the newest.'),
    storage: objectName('Name of the BackupStorage of an archive whose TenantBackup is gone.').optional(),
    key: z
      .string()
      .min(1)
      .max(512)
      .optional()
      .describe('Where that archive is in the storage; it has to be of a tenant of this namespace.'),
  })
  .meta(
    rules(
      {
        rule: 'has(self.backup) != has(self.storage)',
        message: 'needs either `backup`, or `storage` and `key`',
        reason: 'FieldValueRequired',
      },
      { rule: 'has(self.storage) == has(self.key)', message: '`storage` and `key` go together' },
      { rule: '!has(self.archive) || has(self.backup)', message: '`archive` goes with `backup`' },
    ),
  )
  .describe('Which archive is restored.');

export const tenantRestoreSpec = z
  .object({
    source,
    tenantControlPlane: tenantName.describe(
      'Name of the TenantControlPlane, in the same namespace, that gets the contents. It is made when it is not there.',
    ),
    mode: z
      .enum(['InPlace', 'Clone'])
      .default('InPlace')
      .describe(
        '`InPlace` brings the same cluster back: its root keys and every octet of its state, and it stops meanwhile. `Clone` makes ' +
          'another cluster of the same contents: with keys of its own, without nodes, leases and tokens.',
      ),
    dataStore: tenantName
      .optional()
      .describe('DataStore of a TenantControlPlane that is made; left out: that of the archive.'),
  })
  .meta(rules(immutable));

export const tenantRestoreStatus = z.object({
  observedGeneration: int64.optional().describe('metadata.generation that this status is about.'),
  conditions: conditions.optional(),
  archive: z
    .object({
      storage: z.string().max(253).describe('Name of the BackupStorage.'),
      key: z.string().max(512).describe('Where it is in the storage.'),
      takenAt: time.describe('When it was taken.'),
      revision: z.string().max(20).describe('Revision of the store that it shows.'),
      entries: int64.min(0).describe('Keys in it.'),
      contentSha256: z.string().max(64).describe('SHA-256 over keys and values.'),
      rootsFingerprint: z.string().max(64).describe('SHA-256 over the root keys in it.'),
    })
    .optional()
    .describe('The archive, once it was read to its end and found whole.'),
  runtimeId: z
    .string()
    .max(63)
    .optional()
    .describe('Runtime id of the control plane that gets the contents.'),
  entries: int64.min(0).optional().describe('Keys that were restored.'),
  startedAt: time.optional().describe('When the restore began.'),
  completedAt: time.optional().describe('When the contents were in place.'),
});

export type TenantRestoreSpec = z.output<typeof tenantRestoreSpec>;
export type TenantRestoreStatus = z.output<typeof tenantRestoreStatus>;

export interface TenantRestore extends KubeObject {
  spec: TenantRestoreSpec;
  status?: TenantRestoreStatus;
}

export const tenantRestores: Resource<TenantRestore> = {
  apiVersion,
  kind: 'TenantRestore',
  plural: 'tenantrestores',
  namespaced: true,
};
