import { type TenantControlPlane, tenantControlPlanes } from '../api/v1alpha1/tenant-control-plane.ts';
import { pause } from '../engine/backoff.ts';
import { addFinalizer } from '../engine/finalizer.ts';
import type { Log } from '../engine/log.ts';
import { done, requeueAfter, type Result } from '../engine/result.ts';
import { refOf } from '../kube/resource.ts';
import { clearControlPlane } from './deletion/delete.ts';
import type { ControlPlaneDependencies } from './dependencies.ts';
import { finalizer } from './names.ts';
import { gather } from './view.ts';

/** Milliseconds between two looks at what is being cleared away, and how many there are in one go. */
const lookMs = 200;
const looks = 50;

/**
 * Tenants without a status, whose finalizer is so new that it may come to nothing: an API server that is at a DELETE already takes the object
 * away in spite of the finalizer that it has just acknowledged, since it looks for finalizers before it tries, and not
 * again when another write made it try once more (`Delete` in apiserver pkg/registry/generic/registry/store.go).
 */
export class Newborns {
  private readonly dependencies: ControlPlaneDependencies;
  /** By key, from the finalizer on until something shows that they have outlived every such DELETE. */
  private readonly tenants = new Map<string, TenantControlPlane>();

  constructor(dependencies: ControlPlaneDependencies) {
    this.dependencies = dependencies;
  }

  /** The tenant with its finalizer, before anything is made outside; undefined when it is gone all the same. */
  async hold(key: string, tenant: TenantControlPlane): Promise<TenantControlPlane | undefined> {
    const { client, caches } = this.dependencies;
    const held = await addFinalizer(client, tenantControlPlanes, tenant, finalizer);
    if (held.status) {
      if (await this.hasVanished(key)) return undefined;
      caches.tenants.remember(held);
      return held;
    }
    // Also one that a Marina before this one began with. The cache may show it, finalizer and all, after it has gone; or still
    // without the status that says what was made for it.
    this.tenants.set(key, held);
    const live = await client.get(tenantControlPlanes, refOf(held));
    if (!live || live.metadata?.uid !== held.metadata?.uid) return undefined;
    if (live.status) this.tenants.delete(key);
    caches.tenants.remember(live);
    return live;
  }

  /** The API server has just taken a write for it. */
  confirm(key: string): void {
    this.tenants.delete(key);
  }

  /** Whether it is a newborn that is not `live`, as far as the cache knows, and not there any more. */
  async hasVanished(key: string, live?: TenantControlPlane): Promise<boolean> {
    const newborn = this.tenants.get(key);
    if (!newborn || newborn.metadata?.uid === live?.metadata?.uid) return false;
    const found = await this.dependencies.client.get(tenantControlPlanes, refOf(newborn));
    return found?.metadata?.uid !== newborn.metadata?.uid;
  }

  /**
   * Clears away what was made for one that has vanished. In one go where it can, even while Marina stops: nobody else knows
   * of it, and once it is forgotten it is an orphan.
   */
  async clear(key: string, log: Log): Promise<Result> {
    const { caches, settings, clock } = this.dependencies;
    const newborn = this.tenants.get(key);
    if (!newborn) return done;
    for (let look = 1; ; look += 1) {
      const outcome = await clearControlPlane(gather(newborn, caches, settings), this.dependencies);
      if (outcome.state === 'Done') break;
      if (look === looks) {
        log.warn({ uid: newborn.metadata?.uid, reason: outcome.reason }, outcome.message);
        return requeueAfter(looks * lookMs, outcome.reason);
      }
      await pause(clock, lookMs);
    }
    const cached = caches.tenants.get(refOf(newborn));
    if (cached?.metadata?.uid !== newborn.metadata?.uid) this.tenants.delete(key);
    return requeueAfter(0, 'CacheBehind');
  }
}
