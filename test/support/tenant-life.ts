import { tenantControlPlanes, type TenantControlPlane } from '../../src/api/v1alpha1/tenant-control-plane.ts';
import { findCondition } from '../../src/engine/conditions.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { refOf } from '../../src/kube/resource.ts';
import { aTenant } from './tenant.ts';
import { waitUntil } from './wait-until.ts';

/** Long enough for births beside one another while Marina is killed again and again. */
const convergenceMs = 300_000;

/** A tenant that becomes Ready on a `Machine`: its published address leads nowhere there. */
export function bearableTenant(name: string, replicas = 1): TenantControlPlane {
  return aTenant(
    {
      controlPlane: { service: { serviceType: 'NodePort' }, deployment: { replicas } },
      networkProfile: { endpointCheck: 'Skip' },
    },
    { name },
  );
}

/** The tenant once it is Ready as its spec is now. */
export function untilReady(client: KubeClient, tenant: TenantControlPlane): Promise<TenantControlPlane> {
  const ref = refOf(tenant);
  return waitUntil(
    `${ref.name} is Ready`,
    async () => {
      const live = await client.get(tenantControlPlanes, ref);
      const ready = findCondition(live?.status?.conditions, 'Ready');
      const isCurrent = ready?.observedGeneration === live?.metadata?.generation;
      return ready?.status === 'True' && isCurrent && live;
    },
    convergenceMs,
  );
}

/** Deletes it, and waits until it is not there any more. */
export async function untilGone(client: KubeClient, tenant: TenantControlPlane): Promise<void> {
  const ref = refOf(tenant);
  await client.delete(tenantControlPlanes, ref);
  const isGone = async () => !(await client.get(tenantControlPlanes, ref));
  await waitUntil(`${ref.name} is gone`, isGone, convergenceMs);
}
