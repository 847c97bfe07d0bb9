import { needsPerson } from '../api/v1alpha1/reasons.ts';
import {
  type TenantKubeconfig,
  tenantKubeconfigs,
  type TenantKubeconfigStatus,
} from '../api/v1alpha1/tenant-kubeconfig.ts';
import { findCondition } from '../engine/conditions.ts';
import type { EventRecorder } from '../kube/events.ts';
import { toTime } from '../kube/time.ts';
import type { CertificateFacts } from '../pki/index.ts';

type Events = Pick<EventRecorder, 'record'>;

/** Which certificate was signed, for those who read logs of the tenant. `reason`: in a word. */
export function recordIssued(
  events: Events,
  kubeconfig: TenantKubeconfig,
  {
    serialNumber,
    notAfter,
    reason,
  }: Pick<CertificateFacts, 'serialNumber' | 'notAfter'> & { readonly reason: string },
): void {
  const { user, controlPlaneName } = kubeconfig.spec;
  const message = `Certificate ${serialNumber} for ${user} at ${controlPlaneName}, until ${toTime(notAfter)} (${reason}).`;
  events.record(regarding(kubeconfig), 'Normal', 'KubeconfigIssued', message);
}

/** One Event when something begins to need a person. */
export function recordProblem(
  events: Events,
  kubeconfig: TenantKubeconfig,
  status: TenantKubeconfigStatus,
): void {
  const before = findCondition(kubeconfig.status?.conditions, 'Ready');
  const after = findCondition(status.conditions, 'Ready');
  if (!after || after.reason === before?.reason || !needsPerson(after.reason)) return;
  events.record(regarding(kubeconfig), 'Warning', after.reason, after.message);
}

function regarding(kubeconfig: TenantKubeconfig) {
  const { apiVersion, kind } = tenantKubeconfigs;
  return { ...kubeconfig, apiVersion, kind };
}
