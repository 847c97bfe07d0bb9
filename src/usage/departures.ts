import type { TenantControlPlane } from '../api/v1alpha1/tenant-control-plane.ts';
import type { Clock } from '../engine/clock.ts';
import type { Source } from '../kube/informer.ts';
import { toTime } from '../kube/time.ts';
import type { Departed } from './look.ts';
import { toExistence, toSubject } from './subjects.ts';

const rememberedMs = 3_600_000;
const capacity = 10_000;

/**
 * Control planes that are gone from the cache, as they were last, with the time of their deletion. Every replica remembers them for an hour: the
 * one that leads next counts what the last one did not come to.
 */
export class Departures {
  private readonly clock: Clock;
  /** By UID, the oldest first. */
  private readonly gone = new Map<string, { readonly departed: Departed; readonly atMs: number }>();

  constructor(tenants: Source<TenantControlPlane>, clock: Clock) {
    this.clock = clock;
    tenants.onChange((previous, current) => {
      if (previous && previous.metadata?.uid !== current?.metadata?.uid) this.remember(previous);
    });
  }

  list(): readonly Departed[] {
    this.evict();
    return [...this.gone.values()].map(({ departed }) => departed);
  }

  private remember({ metadata, ...rest }: TenantControlPlane): void {
    const deletionTimestamp = metadata?.deletionTimestamp ?? toTime(this.clock.now());
    const tenant = { ...rest, metadata: { ...metadata, deletionTimestamp } };
    const subject = toSubject(tenant);
    if (!subject) return;
    const departed = { subject, existence: toExistence(tenant, subject, []) };
    this.gone.delete(subject.uid);
    this.gone.set(subject.uid, { departed, atMs: this.clock.monotonicMs() });
    this.evict();
  }

  private evict(): void {
    const nowMs = this.clock.monotonicMs();
    for (const [oldest, { atMs }] of this.gone) {
      if (this.gone.size <= capacity && nowMs - atMs < rememberedMs) break;
      this.gone.delete(oldest);
    }
  }
}
