import type { TenantControlPlane } from '../api/v1alpha1/tenant-control-plane.ts';
import { done, failed, type StepResult } from './component.ts';

/** Whether the cluster keeps its storage budget; the value says so. Undefined without a budget, and before it was first measured. */
export function observeBudget({ spec, status }: TenantControlPlane): StepResult<string> | undefined {
  const told = status?.storageBudget;
  if (!spec.storageBudget || !told) return undefined;
  const share = `Takes ${told.percent} % of its storage budget`;
  switch (told.enforcement) {
    case 'None':
      return done(`${share}.`);
    case 'AdmissionPolicy':
      return failed('BudgetExceeded', `${share}: its API server refuses what would add to it.`);
    case 'Store':
      return failed(
        'WriteLimitEnforcedAtStore',
        told.reopensAt === undefined
          ? `${share}, and nothing can be written: ${told.message}`
          : `${share}, and nothing can be written until ${told.reopensAt}: ${told.message}`,
      );
  }
}

/** Nothing at all can be written: no worker can join either. */
export function isShut({ status }: TenantControlPlane): boolean {
  return status?.storageBudget?.enforcement === 'Store';
}
