import type { TenantControlPlane } from '../api/v1alpha1/tenant-control-plane.ts';
import type { Clock } from '../engine/clock.ts';
import type { Source } from '../kube/informer.ts';
import { toTime } from '../kube/time.ts';

const rememberedMs = 3_600_000;
const capacity = 10_000;

/**
 * Control planes that are gone from the cache, as they were last, with the time of their deletion. Every replica remembers them: the one that leads
 * next counts what the last one did not come to.
 */
export class Departures {
  private readonly clock: Clock;
  /** By UID, the oldest first. */
  private readonly gone = new Map<string, { readonly tenant: TenantControlPlane; readonly atMs: number }>();

  constructor(tenants: Source<TenantControlPlane>, clock: Clock) {
    this.clock = clock;
    tenants.onChange((previous, current) => {
      if (previous && previous.metadata?.uid !== current?.metadata?.uid) this.remember(previous);
    });
  }

  list(): readonly TenantControlPlane[] {
    return [...this.gone.values()].map(({ tenant }) => tenant);
  }

  private remember(tenant: TenantControlPlane): void {
    const { uid = '', deletionTimestamp = toTime(this.clock.now()) } = tenant.metadata ?? {};
    const nowMs = this.clock.monotonicMs();
    this.gone.set(uid, {
      tenant: { ...tenant, metadata: { ...tenant.metadata, deletionTimestamp } },
      atMs: nowMs,
    });
    for (const [oldest, { atMs }] of this.gone) {
      if (this.gone.size <= capacity && nowMs - atMs < rememberedMs) break;
      this.gone.delete(oldest);
    }
  }
}
