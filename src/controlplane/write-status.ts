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
  /** What was written last, or is being written, by uid; none where that failed and may have been done all the same. */
  private readonly sent = new Map<string, unknown>();

  constructor(client: KubeClient, cache: OwnedCache<TenantControlPlane>) {
    this.client = client;
    this.cache = cache;
  }

  /** The object as it is then. Rejects with `Conflict` when it changed since it was read. */
  async write(tenant: TenantControlPlane, status: TenantControlPlaneStatus): Promise<TenantControlPlane> {
    const wanted = withoutUndefined(status);
    if (isDeepStrictEqual(tenant.status ?? {}, wanted)) return tenant;
    const { name, namespace, uid = '', resourceVersion } = tenant.metadata ?? {};
    const body = { metadata: { name, namespace, uid, resourceVersion }, status } as TenantControlPlane;
    this.sent.set(uid, wanted);
    try {
      const written = await this.client.apply(tenantControlPlanes, body, {
        fieldManager: statusFieldManager,
        subresource: 'status',
      });
      this.cache.remember(written);
      return written;
    } catch (error: unknown) {
      this.sent.delete(uid);
      throw error;
    }
  }

  /**
   * Whether a tenant's status is not as this process left it. A write whose answer was lost, or another replica's last one,
   * shows in the cache only after a run that found nothing to write; what it says would stand until the next resync.
   */
  isNews({ metadata, status }: TenantControlPlane): boolean {
    return !isDeepStrictEqual(status, this.sent.get(metadata?.uid ?? ''));
  }

  forget(uid: string): void {
    this.sent.delete(uid);
  }
}

/** As the API server would give it back. */
function withoutUndefined(status: TenantControlPlaneStatus): unknown {
  return JSON.parse(JSON.stringify(status)) as unknown;
}
