import type { TenantControlPlane } from '../../api/v1alpha1/tenant-control-plane.ts';
import { pause } from '../../engine/backoff.ts';
import type { Clock } from '../../engine/clock.ts';
import type { Log } from '../../engine/log.ts';
import type { EventRecorder } from '../../kube/events.ts';
import type { Informer } from '../../kube/informer.ts';
import type { KubeObject } from '../../kube/resource.ts';
import { findOrphaned, type Orphans, seenTwice } from './find.ts';

export interface OrphanWatchOptions {
  readonly tenants: Pick<Informer<TenantControlPlane>, 'list' | 'onChange'>;
  /** Of every kind that control planes are made of. */
  readonly owned: readonly Pick<Informer<KubeObject>, 'list' | 'resource'>[];
  readonly events: Pick<EventRecorder, 'record'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Told after every look how many objects are orphaned. */
  readonly report?: ((objects: number) => void) | undefined;
}

/** Milliseconds between two looks when nothing happens; API servers forget Events after an hour. */
const intervalMs = 3_600_000;
/** Milliseconds in which what only seems orphaned is gone, or its tenant is in the cache. */
const confirmMs = 30_000;

/**
 * Tells of what no TenantControlPlane owns any more: at the start, after one has vanished, and every hour. Nothing is
 * deleted: it may be the last copy of a cluster whose object was lost by accident. docs/runbooks/Orphaned.md says what to do.
 */
export class OrphanWatch {
  readonly name = 'orphans';
  private readonly options: OrphanWatchOptions;

  constructor(options: OrphanWatchOptions) {
    this.options = options;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { tenants, clock, report } = this.options;
    let vanished = new AbortController();
    const unsubscribe = tenants.onChange((_, current) => {
      if (!current) vanished.abort();
    });
    while (!signal.aborted) {
      vanished = new AbortController();
      const orphans = await this.find(signal);
      report?.(orphans.reduce((sum, { objects }) => sum + objects.length, 0));
      for (const each of orphans) this.tell(each);
      await pause(clock, intervalMs, AbortSignal.any([signal, vanished.signal]));
    }
    unsubscribe();
    report?.(0);
  }

  private async find(signal: AbortSignal): Promise<readonly Orphans[]> {
    const suspects = this.look();
    if (suspects.length === 0) return [];
    await pause(this.options.clock, confirmMs, signal);
    // Another replica may lead by now, and tells of them.
    return signal.aborted ? [] : seenTwice(suspects, this.look());
  }

  private look(): readonly Orphans[] {
    const { tenants, owned } = this.options;
    const objects = owned.flatMap((cache) =>
      cache.list().map((object) => ({ resource: cache.resource, object })),
    );
    return findOrphaned(tenants.list(), objects);
  }

  private tell({ runtimeId, tenant, objects }: Orphans): void {
    const [first] = objects;
    if (!first) return;
    const { apiVersion, kind } = first.resource;
    const names = objects.map(({ resource, object }) => `${resource.kind} ${object.metadata?.name}`);
    const message = `TenantControlPlane ${tenant} is gone and has left ${names.join(', ')}, perhaps partition ${runtimeId} as well: runbook Orphaned.`;
    this.options.events.record({ ...first.object, apiVersion, kind }, 'Warning', 'Orphaned', message);
    this.options.log.warn({ runtimeId, tenant, objects: names }, 'objects of a control plane that is gone');
  }
}
