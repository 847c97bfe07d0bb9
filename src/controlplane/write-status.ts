import { isDeepStrictEqual } from 'node:util';
import { statusFieldManager } from '../api/v1alpha1/field-managers.ts';
import {
  type TenantControlPlane,
  tenantControlPlanes,
  type TenantControlPlaneStatus,
} from '../api/v1alpha1/tenant-control-plane.ts';
import type { KubeClient } from '../kube/client.ts';
import type { OwnedCache } from './apply-owned.ts';

/** The one write of a reconcile to its own object, and only when something changed. */
export class StatusWriter {
  private readonly client: KubeClient;
  private readonly cache: OwnedCache<TenantControlPlane>;

  constructor(client: KubeClient, cache: OwnedCache<TenantControlPlane>) {
    this.client = client;
    this.cache = cache;
  }

  /** Rejects with `Conflict` when the object changed since it was read. */
  async write(tenant: TenantControlPlane, status: TenantControlPlaneStatus): Promise<void> {
    if (isDeepStrictEqual(tenant.status ?? {}, withoutUndefined(status))) return;
    const { name, namespace, uid, resourceVersion } = tenant.metadata ?? {};
    const body = { metadata: { name, namespace, uid, resourceVersion }, status } as TenantControlPlane;
    const written = await this.client.apply(tenantControlPlanes, body, {
      fieldManager: statusFieldManager,
      subresource: 'status',
    });
    this.cache.remember(written);
  }
}

/** As the API server would give it back. */
function withoutUndefined(status: TenantControlPlaneStatus): unknown {
  return JSON.parse(JSON.stringify(status)) as unknown;
}
