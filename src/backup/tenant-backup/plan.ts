import type { Archive, TenantBackup } from '../../api/v1alpha1/tenant-backup.ts';
import { expired } from '../retention.ts';
import { dueTime, nextTime } from '../schedule.ts';

export interface BackupPlan {
  /** Of the archive that is to be taken now. */
  readonly due: Date | undefined;
  /** When the one after it is. */
  readonly next: Date | undefined;
}

/** @throws Error that says what is wrong with the schedule */
export function planBackup({ metadata, spec, status }: TenantBackup, now: Date): BackupPlan {
  const created = new Date(metadata?.creationTimestamp ?? now);
  const { schedule } = spec;
  if (!schedule) {
    const isTaken = (status?.archives ?? []).length > 0;
    return { due: isTaken || spec.suspend ? undefined : created, next: undefined };
  }
  const next = nextTime(schedule, now);
  if (spec.suspend) return { due: undefined, next: undefined };
  return { due: dueTime(schedule, since(status?.lastScheduleTime, created), now), next };
}

/** Archives from before, with the one that was just taken, and which of them have to go. */
export function planRetention(
  { spec, status }: TenantBackup,
  taken: Archive | undefined,
  now: Date,
): { readonly all: readonly Archive[]; readonly expired: readonly Archive[] } {
  const before = (status?.archives ?? []).filter(({ name }) => name !== taken?.name);
  const all = taken ? [...before, taken] : before;
  return { all, expired: expired(all, spec.retention, now) };
}

/**
 * Whether what is stored under `key` was taken for this TenantBackup, recorded or not. Names are times, and one of the same name that was
 * there before had earlier ones. `runtimeIds`: of the control planes that it is known to have saved, since another cluster may share the storage.
 */
export function isArchiveOf(
  key: string,
  { metadata, spec }: TenantBackup,
  runtimeIds: ReadonlySet<string>,
): boolean {
  const [namespace, tenant, id = '', backup, file = ''] = key.split('/');
  if (!runtimeIds.has(id)) return false;
  const isItsFolder =
    namespace === metadata?.namespace && tenant === spec.tenantControlPlane && backup === metadata?.name;
  return isItsFolder && file >= archiveName(new Date(metadata?.creationTimestamp ?? ''));
}

/** Of the control planes that its archives are of. */
export function runtimeIdsOf({ status }: TenantBackup): readonly string[] {
  return (status?.archives ?? []).flatMap(({ key }) => key.split('/')[2] ?? []);
}

/** Unique in its TenantBackup, and the same when the work is begun again: `20261121-080000`. */
export function archiveName(due: Date): string {
  const [date = '', time = ''] = due.toISOString().slice(0, 19).split('T');
  return `${date.replaceAll('-', '')}-${time.replaceAll(':', '')}`;
}

function since(last: string | undefined, created: Date): Date {
  return last ? new Date(last) : created;
}
