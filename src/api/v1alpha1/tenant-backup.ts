import { z } from 'zod';
import type { KubeObject, Resource } from '../../kube/resource.ts';
import { apiVersion, conditions, dnsLabelPattern, immutable, int64, objectName, rules } from './meta.ts';

const time = z.string().max(64).meta({ format: 'date-time' });

/** How many archives one TenantBackup keeps at most; each has its line in the status. */
const mostArchives = 100;

export const schedule = z
  .object({
    cron: z
      .string()
      .min(9)
      .max(128)
      .regex(/^\S+( \S+){4}$/)
      .describe('Five fields: minute, hour, day of the month, month, day of the week.'),
    timeZone: z
      .string()
      .min(1)
      .max(64)
      .regex(/^[A-Za-z][-+_A-Za-z0-9/]*$/)
      .default('Etc/UTC')
      .describe('Time zone of the IANA database that the fields are in, e.g. `Europe/Berlin`.'),
  })
  .describe('When an archive is taken; left out: one archive, at once.');

export const retention = z
  .object({
    count: z
      .int32()
      .min(1)
      .max(mostArchives)
      .default(7)
      .describe('How many archives are kept; with one more, the oldest goes.'),
    days: z
      .int32()
      .min(1)
      .max(3650)
      .optional()
      .describe('Days after which an archive goes; the newest stays. Left out: only `count` matters.'),
  })
  .describe('Which archives are kept.');

export const tenantBackupSpec = z.object({
  tenantControlPlane: z
    .string()
    .min(1)
    .max(63)
    .regex(new RegExp(dnsLabelPattern))
    .meta(rules(immutable))
    .describe('Name of the TenantControlPlane, in the same namespace, whose state is saved.'),
  storage: objectName('Name of the BackupStorage that archives go to.')
    .default('default')
    .meta(rules(immutable)),
  schedule: schedule.optional(),
  suspend: z.boolean().default(false).describe('Whether the schedule rests; archives that are there stay.'),
  retention: retention.prefault({}),
  deletionPolicy: z
    .enum(['Retain', 'Delete'])
    .default('Retain')
    .describe(
      'What becomes of the archives when this object is deleted, as by the deletion of its namespace.',
    ),
});

export const archive = z.object({
  name: z.string().max(64).describe('When it was taken, e.g. `20261121T080000Z`; unique in this object.'),
  key: z.string().max(512).describe('Where it is in the storage.'),
  completedAt: time.describe('When it was complete.'),
  durationMilliseconds: int64.min(0).describe('How long it took.'),
  revision: z.string().max(20).describe('Revision of the store that it shows.'),
  entries: int64.min(0).describe('Keys in it.'),
  contentBytes: int64.min(0).describe('Size of their values.'),
  contentSha256: z.string().max(64).describe('SHA-256 over keys and values: the same for the same contents.'),
  bytes: int64.min(0).describe('Size of the archive, compressed and sealed.'),
  sha256: z.string().max(64).describe('SHA-256 of the archive as it is stored.'),
  kubernetesVersion: z.string().max(64).describe('Version of the control plane.'),
});

export const tenantBackupStatus = z.object({
  observedGeneration: int64.optional().describe('metadata.generation that this status is about.'),
  conditions: conditions.optional(),
  archives: z
    .array(archive)
    .max(mostArchives)
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] })
    .optional()
    .describe('Archives that are there, oldest first.'),
  lastScheduleTime: time.optional().describe('Time of the schedule that the newest archive is of.'),
  nextScheduleTime: time.optional().describe('When the next archive is due.'),
});

export type Archive = z.output<typeof archive>;
export type TenantBackupSpec = z.output<typeof tenantBackupSpec>;
export type TenantBackupStatus = z.output<typeof tenantBackupStatus>;

export interface TenantBackup extends KubeObject {
  spec: TenantBackupSpec;
  status?: TenantBackupStatus;
}

export const tenantBackups: Resource<TenantBackup> = {
  apiVersion,
  kind: 'TenantBackup',
  plural: 'tenantbackups',
  namespaced: true,
};
