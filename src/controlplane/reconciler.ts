import { type TenantControlPlane, tenantControlPlanes } from '../api/v1alpha1/tenant-control-plane.ts';
import type { ReconcileContext } from '../engine/controller.ts';
import { addFinalizer } from '../engine/finalizer.ts';
import { done as finished, requeueAfter, type Result } from '../engine/result.ts';
import { isKubeError } from '../kube/errors.ts';
import { refOfKey } from '../kube/resource.ts';
import { deleteControlPlane } from './delete.ts';
import type { ControlPlaneDependencies } from './dependencies.ts';
import { finalizer } from './names.ts';
import { nextReconcile } from './next-reconcile.ts';
import { recordDrift, recordTransitions } from './record-transitions.ts';
import { ControlPlaneSteps } from './steps.ts';
import { buildStatus } from './status.ts';
import { gather, type View } from './view.ts';
import { StatusWriter } from './write-status.ts';

const conflictRetryMs = 100;

/** Makes every TenantControlPlane what its spec says: gather, advance as far as the world allows, say how far that is. */
export class TenantControlPlaneReconciler {
  private readonly dependencies: ControlPlaneDependencies;
  private readonly steps: ControlPlaneSteps;
  private readonly statusWriter: StatusWriter;
  /** Of the tenants that were reconciled, by key. */
  private readonly uids = new Map<string, string>();

  constructor(dependencies: ControlPlaneDependencies) {
    this.dependencies = dependencies;
    this.steps = new ControlPlaneSteps(dependencies);
    this.statusWriter = new StatusWriter(dependencies.client, dependencies.caches.tenants);
  }

  /** `key` is `namespace/name`. Rejects when something failed that a retry may cure. */
  async reconcile(key: string, context: ReconcileContext): Promise<Result> {
    const tenant = this.dependencies.caches.tenants.get(refOfKey(key));
    if (!tenant) {
      this.forget(key);
      return finished;
    }
    this.uids.set(key, tenant.metadata?.uid ?? '');
    try {
      return tenant.metadata?.deletionTimestamp
        ? await this.remove(this.gather(tenant))
        : await this.provision(this.gather(await this.hold(tenant)), context);
    } catch (error: unknown) {
      // Somebody wrote the object since the cache saw it; that event may come before this run is over, and be merged with it.
      if (isKubeError(error, 'Conflict')) return requeueAfter(conflictRetryMs, 'CacheBehind');
      throw error;
    }
  }

  /** Another replica or a person may have taken the object away; what is remembered of it has to go as well. */
  private forget(key: string): void {
    const uid = this.uids.get(key);
    if (uid !== undefined) this.steps.forget(uid);
    this.uids.delete(key);
  }

  private gather(tenant: TenantControlPlane): View {
    return gather(tenant, this.dependencies.caches, this.dependencies.settings);
  }

  /** Before anything is made outside, so that deletion can never miss it. */
  private async hold(tenant: TenantControlPlane): Promise<TenantControlPlane> {
    const held = await addFinalizer(this.dependencies.client, tenantControlPlanes, tenant, finalizer);
    this.dependencies.caches.tenants.remember(held);
    return held;
  }

  private async provision(view: View, { signal, log }: ReconcileContext): Promise<Result> {
    const { clock, events, settings, random } = this.dependencies;
    const { progress, putBack, renewAt } = await this.steps.advance(view, signal);

    recordDrift(events, view.tenant, putBack);
    const status = buildStatus(view.tenant, view.names, progress, clock.now());
    await this.statusWriter.write(view.tenant, status);
    recordTransitions(events, view.tenant, status);
    if (putBack.length > 0) log.warn({ putBack }, 'put back what was changed inside the tenant cluster');
    return nextReconcile({
      progress,
      renewAt,
      now: clock.now(),
      resyncMs: settings.resyncMs,
      random: random(),
    });
  }

  private async remove(view: View): Promise<Result> {
    this.steps.forget(view.tenant.metadata?.uid ?? '');
    const outcome = await deleteControlPlane(view, this.dependencies);
    if (outcome.state === 'Done') return finished;
    await this.statusWriter.writeDeleting(view.tenant, outcome, this.dependencies.clock.now());
    if (outcome.state === 'Failed') throw new Error(outcome.message, { cause: outcome.cause });
    return requeueAfter(outcome.requeueAfterMs ?? this.dependencies.settings.resyncMs, outcome.reason);
  }
}
