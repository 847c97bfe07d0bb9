import { tenantControlPlanes } from '../api/v1alpha1/tenant-control-plane.ts';
import { apiGroup } from '../api/v1alpha1/meta.ts';
import { labels } from '../controlplane/names.ts';
import type { ResourceQuota } from '../kube/resources.ts';

export const resourceQuotaName = 'marina-control-planes';

/** Has the API server itself refuse one control plane more than there may be (object count quota). */
export function buildResourceQuota(namespace: string, controlPlanes: number): ResourceQuota {
  return {
    metadata: {
      name: resourceQuotaName,
      namespace,
      labels: { [labels.managedBy]: 'marina', [labels.component]: 'control-plane-quota' },
    },
    spec: { hard: { [`count/${tenantControlPlanes.plural}.${apiGroup}`]: String(controlPlanes) } },
  };
}
