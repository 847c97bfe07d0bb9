import type { Archive, TenantBackup, TenantBackupStatus } from '../../api/v1alpha1/tenant-backup.ts';
import { type ConditionUpdate, setConditions } from '../../engine/conditions.ts';
import { toTime } from '../../kube/time.ts';
import type { Obstacle } from '../outcome.ts';

export interface BackupProgress {
  readonly archives: readonly Archive[];
  readonly lastScheduleTime?: Date | undefined;
  readonly nextScheduleTime?: Date | undefined;
  readonly obstacle?: Obstacle | undefined;
}

/** The status that a reconcile leaves behind. */
export function buildBackupStatus(
  { metadata, spec, status }: TenantBackup,
  progress: BackupProgress,
  now: Date,
): TenantBackupStatus {
  const { archives, lastScheduleTime, nextScheduleTime, obstacle } = progress;
  const ready = {
    ...readiness(spec.schedule !== undefined, progress),
    observedGeneration: metadata?.generation,
  };
  return {
    ...(metadata?.generation !== undefined && { observedGeneration: metadata.generation }),
    conditions: [...setConditions(status?.conditions, [ready], now)],
    ...(archives.length > 0 && { archives: [...archives] }),
    ...(lastScheduleTime && { lastScheduleTime: toTime(lastScheduleTime) }),
    ...(nextScheduleTime && !obstacle && { nextScheduleTime: toTime(nextScheduleTime) }),
  };
}

function readiness(
  isScheduled: boolean,
  { archives, nextScheduleTime, obstacle }: BackupProgress,
): Omit<ConditionUpdate, 'observedGeneration'> {
  if (obstacle) {
    return { type: 'Ready', status: 'False', reason: obstacle.reason, message: obstacle.message };
  }
  const newest = archives.at(-1);
  const next = nextScheduleTime ? ` The next is due at ${toTime(nextScheduleTime)}.` : '';
  const message = newest ? `The newest archive is ${newest.name}.${next}` : `There is no archive yet.${next}`;
  // Flux and Argo CD need not wait until tonight for a schedule that is in order.
  const status = newest || isScheduled ? 'True' : 'False';
  return { type: 'Ready', status, reason: newest ? 'BackedUp' : 'Scheduled', message };
}
