import type { TenantControlPlane, TimelineStep } from '../api/v1alpha1/tenant-control-plane.ts';

/** Whether a control plane has ever got that far. */
export function hasReached({ status }: Pick<TenantControlPlane, 'status'>, wanted: TimelineStep): boolean {
  return status?.timeline?.some(({ step }) => step === wanted) ?? false;
}
