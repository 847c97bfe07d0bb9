import { type TenantControlPlane, tenantControlPlanes } from '../api/v1alpha1/tenant-control-plane.ts';
import type { TenantKubeconfig } from '../api/v1alpha1/tenant-kubeconfig.ts';
import type { Unfinished } from '../controlplane/component.ts';
import { gather } from '../controlplane/view.ts';
import type { ReconcileContext } from '../engine/controller.ts';
import { done, requeueAfter, type Result } from '../engine/result.ts';
import type { EventRecorder } from '../kube/events.ts';
import { refOfKey } from '../kube/resource.ts';
import { contentsOf, targetOf } from './source.ts';
import { standingOf } from './standing.ts';
import { searchPage, type SearchPlace, searchStart } from './stray-search.ts';
import type { TenantAccessDependencies } from './tenant-access.ts';

/** Milliseconds until a tenant that does not serve is asked again, should no event have told of it. */
const patientMs = 60_000;
/** Milliseconds that a tenant has for an answer. */
const timeoutMs = 5_000;
/** Bindings of one tenant that are looked at; 300 kubeconfigs in 32 namespaces each have fewer. */
const defaultMost = 10_000;

export interface StrayAccessDependencies extends TenantAccessDependencies {
  /** Those of one TenantControlPlane. */
  readonly kubeconfigsOf: (tenant: TenantControlPlane) => readonly TenantKubeconfig[];
  readonly events: Pick<EventRecorder, 'record'>;
  /** Bindings of one tenant that are looked at, default 10,000. */
  readonly most?: number;
}

interface Search {
  readonly contents: string;
  /** Undefined: it has ended. */
  readonly place: SearchPlace | undefined;
}

/**
 * An archive brings back the bindings of kubeconfigs that were deleted since, and a clone those of another tenant’s. They are taken
 * away once for each restore: until then certificates that are still valid have the rights that were taken back.
 */
export class StrayAccess {
  private readonly dependencies: StrayAccessDependencies;
  /** By key. */
  private readonly searches = new Map<string, Search>();

  constructor(dependencies: StrayAccessDependencies) {
    this.dependencies = dependencies;
  }

  /** One page of bindings, so that other tenants have their turn between two. `key` is that of a TenantControlPlane. */
  async reconcile(key: string, { signal }: Pick<ReconcileContext, 'signal'>): Promise<Result> {
    const { caches, settings, tenantClients, kubeconfigsOf, most = defaultMost } = this.dependencies;
    const tenant = caches.tenants.get(refOfKey(key));
    if (!tenant || tenant.metadata?.deletionTimestamp || !mayHaveStrays(tenant)) {
      this.searches.delete(key);
      return done;
    }
    const contents = contentsOf(tenant);
    const before = this.searches.get(key);
    const place = before?.contents === contents ? before.place : searchStart;
    if (!place) return done;
    const target = targetOf(gather(tenant, caches, settings));
    if (target.state !== 'Done') return lookAgain(target);

    const client = await tenantClients.client(target.value);
    // One that was issued for an earlier tenant of this name takes nothing back from this one.
    const known = () => kubeconfigsOf(tenant).filter((each) => standingOf(each, tenant).state === 'There');
    const next = await searchPage(client, place, known, { signal, timeoutMs });
    const isOver = next !== undefined && next.seen >= most;
    this.searches.set(key, { contents, place: isOver ? undefined : next });
    if (isOver) this.reportRest(tenant, next.seen);
    return next && !isOver ? requeueAfter(0, 'MoreBindings') : done;
  }

  private reportRest(tenant: TenantControlPlane, seen: number): void {
    const { apiVersion, kind } = tenantControlPlanes;
    const message =
      `After the restore ${seen} bindings inside the cluster that carry the labels of kubeconfigs were looked at, and there are more: ` +
      'rights that were taken back before may be among the rest.';
    this.dependencies.events.record({ ...tenant, apiVersion, kind }, 'Warning', 'StrayAccessLeft', message);
  }
}

/** Whether what is inside the tenant came out of an archive. */
export function mayHaveStrays({ status }: TenantControlPlane): boolean {
  return status?.restoredBy !== undefined;
}

function lookAgain(target: Unfinished): Result {
  const ms = target.state === 'Waiting' ? (target.requeueAfterMs ?? patientMs) : patientMs;
  return requeueAfter(ms, target.reason);
}
