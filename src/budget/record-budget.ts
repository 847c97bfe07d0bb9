import type { StorageBudgetStatus } from '../api/v1alpha1/storage-budget.ts';
import { type TenantControlPlane, tenantControlPlanes } from '../api/v1alpha1/tenant-control-plane.ts';
import type { EventRecorder } from '../kube/events.ts';
import { warningPercent } from './plan.ts';

/** One Event when a budget is nearly spent, is spent, and is kept again; that the store is shut is told by the loss of Ready. */
export function recordBudget(
  events: Pick<EventRecorder, 'record'>,
  tenant: TenantControlPlane,
  before: StorageBudgetStatus | undefined,
  after: StorageBudgetStatus,
): void {
  const { apiVersion, kind } = tenantControlPlanes;
  const regarding = { ...tenant, apiVersion, kind };
  const from = before?.enforcement ?? 'None';
  if (after.enforcement !== from) {
    if (after.enforcement === 'None') {
      events.record(regarding, 'Normal', 'WithinBudget', `Takes ${after.percent} % of its storage budget.`);
    } else if (from === 'None') {
      const message = `Takes ${after.percent} % of its storage budget: what would add to it is refused inside the cluster.`;
      events.record(regarding, 'Warning', 'BudgetExceeded', message);
    }
    return;
  }
  const wasNear = (before?.percent ?? 0) >= warningPercent;
  if (after.enforcement === 'None' && after.percent >= warningPercent && !wasNear) {
    events.record(
      regarding,
      'Warning',
      'BudgetNearlySpent',
      `Takes ${after.percent} % of its storage budget.`,
    );
  }
}
