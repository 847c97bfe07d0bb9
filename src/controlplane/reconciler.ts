import { isDeepStrictEqual } from 'node:util';
import { type TenantControlPlane, tenantControlPlanes } from '../api/v1alpha1/tenant-control-plane.ts';
import type { ReconcileContext } from '../engine/controller.ts';
import type { Log } from '../engine/log.ts';
import { done as finished, requeueAfter, type Result } from '../engine/result.ts';
import { isKubeError } from '../kube/errors.ts';
import { keyOf, refOf, refOfKey } from '../kube/resource.ts';
import { Admission } from './admission/admission.ts';
import { deleteControlPlane } from './deletion/delete.ts';
import { buildDeletingStatus } from './deletion/status.ts';
import type { ControlPlaneDependencies } from './dependencies.ts';
import { Expiry } from './expiry/expiry.ts';
import { finalizer } from './names.ts';
import { Newborns } from './newborns.ts';
import { nextReconcile } from './next-reconcile.ts';
import { heldProgress, Placement, unplacedProgress } from './placement/place.ts';
import { recordDrift, recordExpiry, recordObstacle, recordTransitions } from './record-transitions.ts';
import { ControlPlaneSteps } from './steps.ts';
import { buildStatus } from './status.ts';
import { gather, type View } from './view.ts';
import { StatusWriter } from './write-status.ts';

const conflictRetryMs = 100;
/** Milliseconds until a deletion that waits for events looks for itself: the events may have lost sight of an object. */
const deletionRetryMs = 60_000;

/** Makes every TenantControlPlane what its spec says: gather, advance as far as the world allows, say how far that is. */
export class TenantControlPlaneReconciler {
  private readonly dependencies: ControlPlaneDependencies;
  private readonly admission: Admission;
  private readonly expiry: Expiry;
  private readonly placement: Placement;
  private readonly steps: ControlPlaneSteps;
  private readonly statusWriter: StatusWriter;
  /** Of the tenants that were reconciled, by key. */
  private readonly uids = new Map<string, string>();
  /** Uids of tenants that are gone but for a cache that has not seen it: the answer to the last finalizer's removal has no new version. */
  private readonly released = new Set<string>();
  private readonly newborns: Newborns;
  /** Of the tenants that are being provisioned, by key: a deletion waits for nothing that is inside a tenant. */
  private readonly provisioning = new Map<string, AbortController>();

  constructor(dependencies: ControlPlaneDependencies, log: Log) {
    this.dependencies = dependencies;
    this.newborns = new Newborns(dependencies);
    this.placement = new Placement(dependencies);
    this.steps = new ControlPlaneSteps(dependencies);
    this.statusWriter = new StatusWriter(dependencies.client, dependencies.caches.tenants);
    this.admission = new Admission({ ...dependencies, statusWriter: this.statusWriter });
    this.expiry = new Expiry({ ...dependencies, log });
    dependencies.caches.tenants.onChange((previous, current) => {
      if (current && !current.metadata?.deletionTimestamp) return;
      this.provisioning.get(keyOf(refOf(current ?? previous ?? {})))?.abort();
    });
  }

  /** `key` is `namespace/name`. Rejects when something failed that a retry may cure. */
  async reconcile(key: string, context: ReconcileContext): Promise<Result> {
    const tenant = this.dependencies.caches.tenants.get(refOfKey(key));
    if (await this.newborns.hasVanished(key, tenant)) return this.newborns.clear(key, context.log);
    if (!tenant) {
      this.forget(key);
      return finished;
    }
    const uid = tenant.metadata?.uid ?? '';
    if (this.uids.get(key) !== uid) this.forget(key);
    this.uids.set(key, uid);
    if (this.released.has(uid)) return finished;
    try {
      return tenant.metadata?.deletionTimestamp
        ? await this.remove(this.gather(tenant), context)
        : await this.untilDeleted(key, context, async (until) => {
            const held = await this.newborns.hold(key, tenant);
            return held ? await this.provision(held, until) : finished;
          });
    } catch (error: unknown) {
      // Somebody wrote the object since the cache saw it; that event may come before this run is over, and be merged with it.
      if (isKubeError(error, 'Conflict')) return requeueAfter(conflictRetryMs, 'CacheBehind');
      throw error;
    }
  }

  /** Whether a change of a tenant is one of its status that this process did not make. */
  isForeignStatus(
    previous: TenantControlPlane | undefined,
    current: TenantControlPlane | undefined,
  ): boolean {
    if (!previous || !current || isDeepStrictEqual(previous.status, current.status)) return false;
    return this.statusWriter.isNews(current);
  }

  /** Runs `provision` with a signal that aborts when the tenant is deleted meanwhile; what comes of it is no error then. */
  private async untilDeleted(
    key: string,
    context: ReconcileContext,
    provision: (context: ReconcileContext) => Promise<Result>,
  ): Promise<Result> {
    const deleted = new AbortController();
    this.provisioning.set(key, deleted);
    try {
      return await provision({ ...context, signal: AbortSignal.any([context.signal, deleted.signal]) });
    } catch (error: unknown) {
      if (await this.newborns.hasVanished(key)) return await this.newborns.clear(key, context.log);
      if (deleted.signal.aborted && !context.signal.aborted) return requeueAfter(0, 'Deleting');
      throw error;
    } finally {
      this.provisioning.delete(key);
    }
  }

  /** Another replica or a person may have taken the object away; what is remembered of it has to go as well. */
  private forget(key: string): void {
    const uid = this.uids.get(key);
    if (uid !== undefined) {
      this.steps.forget(uid);
      this.statusWriter.forget(uid);
      this.released.delete(uid);
    }
    this.uids.delete(key);
  }

  private gather(tenant: TenantControlPlane): View {
    return gather(tenant, this.dependencies.caches, this.dependencies.settings);
  }

  private async provision(tenant: TenantControlPlane, { signal, log }: ReconcileContext): Promise<Result> {
    const { clock, events, settings, random } = this.dependencies;
    if (this.expiry.plan(tenant).state === 'Due') return await this.expire(tenant);
    const { tenant: admitted, ...admission } = await this.admission.admit(tenant);
    const expiry = this.expiry.plan(admitted);
    const placed = admission.held ?? (await this.placement.place(admitted));
    const view = this.gather(placed.state === 'Done' ? placed.value : admitted);
    const {
      progress: made,
      putBack,
      renewAt,
    } = placed.state === 'Done'
      ? await this.steps.advance(view, signal)
      : {
          progress: admission.held ? heldProgress() : unplacedProgress(placed),
          putBack: [],
          renewAt: undefined,
        };
    const progress = { ...made, admission, expiry };

    recordDrift(events, view.tenant, putBack);
    const status = buildStatus(view.tenant, view.names, progress, clock.now());
    await this.statusWriter.write(view.tenant, status);
    // It has outlived whatever DELETE was under way.
    this.newborns.confirm(keyOf(refOf(view.tenant)));
    recordTransitions(events, view.tenant, status);
    if (putBack.length > 0) log.warn({ putBack }, 'put back what was changed inside the tenant cluster');
    return nextReconcile({
      progress,
      renewAt,
      expiryMs: this.expiry.msUntil(expiry),
      now: clock.now(),
      resyncMs: settings.resyncMs,
      random: random(),
    });
  }

  /** Only as it was read: a life that was prolonged meanwhile is not over. */
  private async expire(tenant: TenantControlPlane): Promise<Result> {
    const { client, events } = this.dependencies;
    const { uid, resourceVersion } = tenant.metadata ?? {};
    const isGone = !(await client.delete(tenantControlPlanes, refOf(tenant), { uid, resourceVersion }));
    if (!isGone) recordExpiry(events, tenant);
    return finished;
  }

  private async remove(view: View, { log }: ReconcileContext): Promise<Result> {
    const { clock, events } = this.dependencies;
    const { uid = '', finalizers = [] } = view.tenant.metadata ?? {};
    this.steps.forget(uid);
    this.newborns.confirm(keyOf(refOf(view.tenant)));
    const outcome = await deleteControlPlane(view, this.dependencies, log);
    if (outcome.state === 'Done') {
      if (finalizers.every((name) => name === finalizer)) this.released.add(uid);
      return finished;
    }
    const status = buildDeletingStatus(view, outcome, clock.now());
    await this.statusWriter.write(view.tenant, status);
    recordObstacle(events, view.tenant, outcome);
    if (outcome.state === 'Failed' && outcome.cause !== undefined) {
      throw new Error(outcome.message, { cause: outcome.cause });
    }
    const afterMs = outcome.state === 'Waiting' ? outcome.requeueAfterMs : undefined;
    return requeueAfter(afterMs ?? deletionRetryMs, outcome.reason);
  }
}
