import { isLastingReason } from '../../api/v1alpha1/reasons.ts';
import { type TenantControlPlane, tenantControlPlanes } from '../../api/v1alpha1/tenant-control-plane.ts';
import type { TenantRestore } from '../../api/v1alpha1/tenant-restore.ts';
import { annotations } from '../../controlplane/names.ts';
import { restoreNamedBy } from '../../controlplane/restore/awaited.ts';
import { hasReached } from '../../controlplane/timeline.ts';
import { findCondition } from '../../engine/conditions.ts';
import type { Manifest } from '../archive/manifest.ts';
import type { Obstacle } from '../outcome.ts';

/** What has to be done about the TenantControlPlane that gets the contents. */
export type TargetPlan =
  | { readonly do: 'create' }
  /** It runs, or has run: the restore is named on it, so that it stops. */
  | { readonly do: 'hold' }
  | { readonly do: 'nothing' }
  | { readonly do: 'stop'; readonly obstacle: Obstacle };

/** `fingerprint`: of the root keys in the archive. */
export function planTarget(
  restore: TenantRestore,
  tenant: TenantControlPlane | undefined,
  fingerprint: string,
): TargetPlan {
  if (!tenant) return { do: 'create' };
  const name = restore.spec.tenantControlPlane;
  if (tenant.metadata?.deletionTimestamp) {
    const message = `TenantControlPlane ${name} is being deleted; it is made anew when it is gone.`;
    return { do: 'stop', obstacle: { reason: 'Stopping', message, lookAgainMs: 1000 } };
  }
  if (isBeingCopied(tenant)) {
    const message = `TenantControlPlane ${name} is moving to another DataStore.`;
    return { do: 'stop', obstacle: { reason: 'Stopping', message, lookAgainMs: 1000 } };
  }
  const isHeld = restoreNamedBy(tenant) === restore.metadata?.name;
  const recorded = tenant.status?.rootsFingerprint;
  if (restore.spec.mode === 'Clone') {
    const message = `TenantControlPlane ${name} has contents of its own: a clone is a new one. Give another name.`;
    return isHeld && !hasReached(tenant, 'ApiServerReady')
      ? { do: 'nothing' }
      : { do: 'stop', obstacle: { reason: 'RestoreRefused', message } };
  }
  if (recorded !== undefined && recorded !== fingerprint) {
    const message =
      `TenantControlPlane ${name} has other root keys than the archive: with its contents no worker and no kubeconfig of it would do any more. ` +
      'Delete it first, and it is made again with those of the archive; or restore a clone.';
    return { do: 'stop', obstacle: { reason: 'RestoreRefused', message } };
  }
  return isHeld ? { do: 'nothing' } : { do: 'hold' };
}

/** Its contents are on their way to another store, where the archive's are to be afterwards. */
function isBeingCopied({ status }: TenantControlPlane): boolean {
  return status?.migration?.phase === 'Copying' || status?.migration?.phase === 'ReadOnly';
}

/**
 * The TenantControlPlane of an archive, as it is made again: of the version that its contents were written with, whatever its class says by now.
 * Addresses that another may have are left out of a clone.
 */
export function buildTarget(
  { metadata, spec }: TenantRestore,
  { controlPlane, kubernetesVersion }: Manifest,
): TenantControlPlane {
  const archived = controlPlane.spec as unknown as TenantControlPlane['spec'];
  const { address: _address, port: _port, ...network } = archived.networkProfile as Record<string, unknown>;
  const networkProfile = spec.mode === 'Clone' ? network : archived.networkProfile;
  return {
    apiVersion: tenantControlPlanes.apiVersion,
    kind: tenantControlPlanes.kind,
    metadata: {
      namespace: metadata?.namespace,
      name: spec.tenantControlPlane,
      ...(controlPlane.labels && { labels: { ...controlPlane.labels } }),
      annotations: {
        ...ownAnnotations(controlPlane.annotations),
        [annotations.restore]: metadata?.name ?? '',
      },
    },
    spec: {
      ...archived,
      kubernetes: { ...archived.kubernetes, version: archived.kubernetes.version ?? kubernetesVersion },
      networkProfile: networkProfile as TenantControlPlane['spec']['networkProfile'],
      ...(spec.dataStore && { dataStore: spec.dataStore }),
    },
  };
}

/** Why class or quota keep the control plane from being born: it takes a person, or room that comes free. */
export function refusalOf({
  metadata,
  status,
}: TenantControlPlane): Pick<Obstacle, 'reason' | 'message'> | undefined {
  if (status?.phase !== 'Pending') return undefined;
  for (const type of ['ClassApplied', 'WithinQuota'] as const) {
    const condition = findCondition(status.conditions, type);
    if (condition?.status !== 'False' || !isLastingReason(condition.reason)) continue;
    const message = `TenantControlPlane ${metadata?.name} is kept out: ${condition.message}`;
    return { reason: condition.reason, message };
  }
  return undefined;
}

/** What kubectl keeps of the last apply, and what was said to Marina, is of another object. */
function ownAnnotations(all: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(
    Object.entries(all).filter(([key]) => !/^(kubectl\.kubernetes\.io|marina\.dev)\//.test(key)),
  );
}
