import { type ConditionType, conditionTypes } from '../../api/v1alpha1/condition-types.ts';
import type { TenantControlPlaneStatus } from '../../api/v1alpha1/tenant-control-plane.ts';
import { type ConditionUpdate, findCondition, setConditions } from '../../engine/conditions.ts';
import type { Pod } from '../../kube/resources.ts';
import type { View } from '../view.ts';

/** What a deletion waits for. */
export interface Obstacle {
  readonly reason: string;
  readonly message: string;
}

/**
 * The status of a control plane that goes: nothing of what it was is claimed any more. Ready says what is waited for; what was
 * never claimed is not denied either.
 */
export function buildDeletingStatus(view: View, obstacle: Obstacle, now: Date): TenantControlPlaneStatus {
  const { tenant, pods } = view;
  const previous = tenant.status ?? {};
  const update = (type: ConditionType, { reason, message }: Obstacle): ConditionUpdate => ({
    type,
    status: 'False',
    reason,
    message,
    observedGeneration: tenant.metadata?.generation,
  });
  const going = (message: string): Obstacle => ({ reason: 'Deleting', message });
  const claims: Partial<Record<ConditionType, Obstacle>> = {
    Ready: obstacle,
    WorkloadReady:
      obstacle.reason === 'PodsStuck'
        ? obstacle
        : going(pods.length === 0 ? 'Nothing runs any more.' : `Pods that are stopping: ${pods.length}.`),
    ...(obstacle.reason.startsWith('DataStore') && { DataStoreReady: obstacle }),
  };
  const updates = conditionTypes
    .filter((type) => type === 'Ready' || findCondition(previous.conditions, type))
    .map((type) => update(type, claims[type] ?? going('The control plane is being deleted.')));
  return {
    ...previous,
    observedGeneration: tenant.metadata?.generation,
    phase: 'Deleting',
    conditions: [...setConditions(previous.conditions, updates, now)],
    replicas: pods.length,
    readyReplicas: pods.filter(isReady).length,
  };
}

function isReady({ status }: Pod): boolean {
  return status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') ?? false;
}
