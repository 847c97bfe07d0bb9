import { type TenantControlPlane, tenantControlPlanes } from '../../api/v1alpha1/tenant-control-plane.ts';
import type { Clock } from '../../engine/clock.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { Informer } from '../../kube/informer.ts';

/**
 * Milliseconds that a list counts. Shorter than anybody else can have been leader in between and given something out.
 */
const freshMs = 5_000;

export interface LiveClaimsOptions {
  readonly client: Pick<KubeClient, 'list'>;
  readonly tenants: Pick<Informer<TenantControlPlane>, 'remember'>;
  readonly clock: Clock;
}

/**
 * Brings the cache up to what the API server has, before room is given out: after a change of leader a cache that lags does not know yet what
 * the former one gave.
 */
export class LiveClaims {
  private readonly options: LiveClaimsOptions;
  /** By namespace. */
  private readonly lists = new Map<string, { readonly atMs: number; readonly done: Promise<void> }>();

  constructor(options: LiveClaimsOptions) {
    this.options = options;
  }

  /** Whether the cache is as new as it has to be. */
  isFresh(namespace: string): boolean {
    const atMs = this.lists.get(namespace)?.atMs ?? -Infinity;
    return this.options.clock.monotonicMs() - atMs < freshMs;
  }

  /** Those who come while a list is under way share it. Rejects with a `KubeError`. */
  async refresh(namespace: string): Promise<void> {
    if (!this.isFresh(namespace)) {
      this.lists.set(namespace, { atMs: this.options.clock.monotonicMs(), done: this.read(namespace) });
    }
    try {
      await this.lists.get(namespace)?.done;
    } catch (error: unknown) {
      this.lists.delete(namespace);
      throw error;
    }
  }

  private async read(namespace: string): Promise<void> {
    const { client, tenants } = this.options;
    const { items } = await client.list(tenantControlPlanes, { namespace });
    for (const tenant of items) tenants.remember(tenant);
  }
}
