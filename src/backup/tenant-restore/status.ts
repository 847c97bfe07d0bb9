import type { TenantRestore, TenantRestoreStatus } from '../../api/v1alpha1/tenant-restore.ts';
import { type ConditionUpdate, setConditions } from '../../engine/conditions.ts';
import { toTime } from '../../kube/time.ts';
import type { Obstacle } from '../outcome.ts';

export type RestoreProgress =
  | { readonly state: 'UnderWay' | 'Stopped'; readonly obstacle: Obstacle }
  | { readonly state: 'Restored'; readonly entries: number; readonly notes: readonly string[] };

/** What is known of the archive and of the control plane besides. */
export type RestoreFacts = Pick<TenantRestoreStatus, 'archive' | 'runtimeId'>;

/** The status that a reconcile leaves behind. */
export function buildRestoreStatus(
  { metadata, spec, status }: TenantRestore,
  progress: RestoreProgress,
  { facts, now }: { readonly facts: RestoreFacts; readonly now: Date },
): TenantRestoreStatus {
  const ready = { ...readiness(progress, spec), observedGeneration: metadata?.generation };
  const time = toTime(now);
  return {
    ...status,
    ...facts,
    ...(metadata?.generation !== undefined && { observedGeneration: metadata.generation }),
    conditions: [...setConditions(status?.conditions, [ready], now)],
    startedAt: status?.startedAt ?? time,
    ...(progress.state === 'Restored' && { completedAt: time, entries: progress.entries }),
  };
}

function readiness(
  progress: RestoreProgress,
  { mode, tenantControlPlane }: TenantRestore['spec'],
): Omit<ConditionUpdate, 'observedGeneration'> {
  if (progress.state !== 'Restored') {
    const { reason, message } = progress.obstacle;
    return { type: 'Ready', status: 'False', reason, message };
  }
  const what = mode === 'Clone' ? 'is a clone of what is in the archive' : 'is as it is in the archive';
  const message = [`TenantControlPlane ${tenantControlPlane} ${what}.`, ...progress.notes].join(' ');
  return { type: 'Ready', status: 'True', reason: 'Restored', message };
}
