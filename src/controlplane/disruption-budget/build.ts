import type { PodDisruptionBudget } from '../../kube/resources.ts';
import type { CompleteTenant } from '../class/complete.ts';
import { podSelector, tenantLabels, type TenantNames } from '../names.ts';

/**
 * Keeps node drains from taking every replica at once. Undefined with fewer than two: a budget would then block the
 * drain instead of protecting anything.
 */
export function buildDisruptionBudget(
  tenant: CompleteTenant,
  names: TenantNames,
): PodDisruptionBudget | undefined {
  if (tenant.spec.controlPlane.deployment.replicas < 2) return undefined;
  return {
    metadata: {
      name: names.disruptionBudget,
      namespace: names.namespace,
      labels: tenantLabels(tenant, 'disruption-budget'),
    },
    spec: { maxUnavailable: 1, selector: { matchLabels: podSelector(names.runtimeId) } },
  };
}
