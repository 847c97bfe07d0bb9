import type { TenantControlPlane } from '../../src/api/v1alpha1/tenant-control-plane.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import type { Resource } from '../../src/kube/resource.ts';
import {
  configMaps,
  deployments,
  podDisruptionBudgets,
  secrets,
  services,
} from '../../src/kube/resources.ts';

const kinds: readonly Resource[] = [services, secrets, configMaps, deployments, podDisruptionBudgets];

/**
 * `kind/name@version` of all that belongs to a tenant, sorted; where an object has a generation it stands for the version,
 * since the status is its controller's.
 */
export async function ownedVersions(
  client: KubeClient,
  tenant: TenantControlPlane,
): Promise<readonly string[]> {
  const labelSelector = `marina.dev/runtime-id=${tenant.status?.runtimeId}`;
  const perKind = await Promise.all(
    kinds.map(async (resource) => {
      const { items } = await client.list(resource, { labelSelector });
      return items.map(({ metadata }) => {
        const version = `${metadata?.uid}.${metadata?.generation ?? metadata?.resourceVersion}`;
        return `${resource.kind}/${metadata?.name}@${version}`;
      });
    }),
  );
  return perKind.flat().sort();
}
