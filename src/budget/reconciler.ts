import { fieldManager } from '../api/v1alpha1/field-managers.ts';
import type { StorageBudget, StorageBudgetStatus } from '../api/v1alpha1/storage-budget.ts';
import { type TenantControlPlane, tenantControlPlanes } from '../api/v1alpha1/tenant-control-plane.ts';
import { openDriver, type Stores } from '../controlplane/datastore-access/open-driver.ts';
import { accessTo, storeOf } from '../controlplane/datastore-access/store-of.ts';
import { observeWorkload } from '../controlplane/deployment/observe.ts';
import { asMarina, directServer } from '../controlplane/in-tenant/target.ts';
import type { ControlPlaneSettings } from '../controlplane/settings.ts';
import { fenceOf, TenantGone } from '../controlplane/still-there.ts';
import type { TenantClients } from '../controlplane/tenant-clients.ts';
import { hasReached } from '../controlplane/timeline.ts';
import { type ControlPlaneCaches, gather, type View } from '../controlplane/view.ts';
import type { PartitionAccess } from '../datastore/driver.ts';
import type { Clock } from '../engine/clock.ts';
import type { ReconcileContext } from '../engine/controller.ts';
import { done, requeueAfter, type Result } from '../engine/result.ts';
import type { KubeClient } from '../kube/client.ts';
import { isKubeError } from '../kube/errors.ts';
import type { EventRecorder } from '../kube/events.ts';
import { parseQuantity } from '../kube/quantity.ts';
import { keyOf, refOf, refOfKey } from '../kube/resource.ts';
import { decodeData } from '../kube/secret-data.ts';
import { GuardRail } from './guard-rail.ts';
import { lifted, type Limit, planBudget, type PolicyState, warningPercent } from './plan.ts';
import { recordBudget } from './record-budget.ts';

/** Milliseconds from one look to the next, of a tenant with room and of one with little. */
const look = { usualMs: 60_000, closeMs: 15_000 };
/** Largest share of the time in which it is measured what one tenant takes. */
const dutyShare = 0.1;
/** Milliseconds until one that moves or waits for a restore is looked at again. */
const retryMs = 5_000;

export interface BudgetDependencies extends Pick<Stores, 'connections'> {
  /** Every write passes the leader's fence. */
  readonly client: KubeClient;
  readonly caches: ControlPlaneCaches;
  readonly tenantClients: Pick<TenantClients, 'client'>;
  readonly settings: ControlPlaneSettings;
  readonly events: EventRecorder;
  readonly fence: () => void;
  readonly clock: Clock;
}

/**
 * Holds control planes to their storage budgets. What is decided is in the status before it is done, so that whoever comes after a crash
 * goes on from there, and so that the partition is repaired to what it should be (`accessTo`).
 */
export class BudgetReconciler {
  private readonly dependencies: BudgetDependencies;
  /** By key: what was last seen to hold. */
  private readonly settled = new Map<string, string>();

  constructor(dependencies: BudgetDependencies) {
    this.dependencies = dependencies;
  }

  async reconcile(key: string, { signal }: ReconcileContext): Promise<Result> {
    const { caches, settings } = this.dependencies;
    const tenant = caches.tenants.get(refOfKey(key));
    if (!tenant || !mayBeHeld(tenant)) {
      this.settled.delete(key);
      return done;
    }
    const { storageBudget: budget } = tenant.spec;
    if (isMoving(tenant)) return requeueAfter(retryMs, 'Migrating');
    const view = gather(tenant, caches, settings);
    try {
      if (!budget && !tenant.status?.storageBudget) return await this.clearAway(view, signal);
      if (!budget || view.awaited.state !== 'None') return await this.lift(view, signal);
      return await this.hold(budget, view, signal);
    } catch (error: unknown) {
      // The status was written meanwhile; its event may be merged with this run.
      if (isKubeError(error, 'Conflict')) return requeueAfter(200, 'CacheBehind');
      if (error instanceof TenantGone) return done;
      throw error;
    }
  }

  private async hold(budget: StorageBudget, view: View, signal: AbortSignal): Promise<Result> {
    const { clock } = this.dependencies;
    const { tenant, names } = view;
    const told = tenant.status?.storageBudget;
    const driver = await this.driver(tenant);
    const startedMs = clock.monotonicMs();
    const { bytes, keys: objects } = await driver.measurePartition(names.runtimeId, signal);
    const tookMs = clock.monotonicMs() - startedMs;

    const guardRail = await this.guardRail(budget, view, signal);
    const policy = {
      hash: GuardRail.hashOf(budget),
      state: told?.enforcement === 'AdmissionPolicy' ? await lookAt(guardRail) : 'Unknown',
    };
    const next = planBudget({
      budget: limitOf(budget),
      usage: { bytes, objects },
      told,
      policy,
      now: clock.now(),
    });
    const current = next === told ? tenant : await this.write(tenant, next);
    recordBudget(this.dependencies.events, current, told, next);
    await this.settle(current, next, guardRail, policy.state);
    return requeueAfter(Math.max(nextLookMs(next, clock.now()), tookMs / dutyShare), 'BudgetWatched');
  }

  /** No budget any more, or none while an archive takes the place of what there is. */
  private async lift(view: View, signal: AbortSignal): Promise<Result> {
    const { tenant } = view;
    const told = tenant.status?.storageBudget;
    if (!told) return requeueAfter(retryMs, 'RestorePending');
    const next = lifted(told, this.dependencies.clock.now());
    const current = next === told ? tenant : await this.write(tenant, next);
    const isSettled = await this.settle(current, next, await this.guardRail({}, view, signal), 'Unknown');
    if (tenant.spec.storageBudget) return requeueAfter(retryMs, 'RestorePending');
    // It is woken when somebody serves.
    if (!isSettled) return requeueAfter(look.usualMs, 'ApiServerPending');
    await this.write(current, null);
    return done;
  }

  /** An archive may bring the policy of a budget that there was. */
  private async clearAway(view: View, signal: AbortSignal): Promise<Result> {
    const { tenant } = view;
    const key = keyOf(refOf(tenant));
    const state = [tenant.metadata?.uid, tenant.status?.restoredBy].join();
    if (this.settled.get(key) === state) return done;
    const guardRail = await this.guardRail({}, view, signal);
    if (!guardRail) return requeueAfter(look.usualMs, 'ApiServerPending');
    await guardRail.remove();
    this.settled.set(key, state);
    return done;
  }

  /** Makes store and cluster what the status says; false when there was nobody to ask in the cluster. */
  private async settle(
    tenant: TenantControlPlane,
    { enforcement, ...rest }: StorageBudgetStatus,
    guardRail: GuardRail | undefined,
    policy: PolicyState,
  ): Promise<boolean> {
    const key = keyOf(refOf(tenant));
    const { metadata, status } = tenant;
    const state = [metadata?.uid, enforcement, rest.since, storeOf(tenant), status?.restoredBy].join();
    const isNew = this.settled.get(key) !== state;
    if (isNew) await this.open(tenant);
    if (enforcement === 'AdmissionPolicy' && policy !== 'InPlace') {
      if (!guardRail) return false;
      const policyHash = await guardRail.put();
      await this.write(tenant, { ...rest, enforcement, policyHash });
    } else if (enforcement === 'None' && isNew) {
      if (!guardRail) return false;
      await guardRail.remove();
    }
    this.settled.set(key, state);
    return true;
  }

  /** Lets the tenant do with its partition what it may do now: all, or only read. */
  private async open(tenant: TenantControlPlane): Promise<void> {
    const { caches } = this.dependencies;
    const store = storeOf(tenant) ?? '';
    const accessNow = (): PartitionAccess => accessTo(caches.tenants.get(refOf(tenant)) ?? tenant, store);
    const access = accessNow();
    const isThere = fenceOf(tenant, caches.tenants, this.dependencies.fence);
    const fence = () => {
      isThere();
      // A migration has begun meanwhile: what it has shut stays shut.
      if (accessNow() !== access) throw new TenantGone(`${tenant.metadata?.name} moves to another store.`);
    };
    const driver = await this.driver(tenant);
    await driver.ensurePartition(gather(tenant, caches, this.dependencies.settings).names.runtimeId, {
      access,
      fence,
    });
  }

  private async driver(tenant: TenantControlPlane) {
    const { caches, connections } = this.dependencies;
    return await openDriver(storeOf(tenant) ?? '', { dataStores: caches.dataStores, connections });
  }

  /** Undefined while nothing of the cluster serves. */
  private async guardRail(
    budget: StorageBudget,
    view: View,
    signal: AbortSignal,
  ): Promise<GuardRail | undefined> {
    const workload = observeWorkload(view.deployment, view.pods);
    const [pod] = workload.state === 'Done' ? workload.value.serving : [];
    if (!pod) return undefined;
    const certificateAuthority = decodeData(view.roots)['ca.crt'] ?? '';
    const target = asMarina(directServer(pod), {
      names: view.names,
      certificateAuthority,
      certificates: decodeData(view.certificates),
    });
    return new GuardRail(await this.dependencies.tenantClients.client(target), budget, signal);
  }

  /** Only what a budget knows, and only on what was read: the rest of the status is the control plane's own reconciler's. */
  private async write(
    tenant: TenantControlPlane,
    storageBudget: StorageBudgetStatus | null,
  ): Promise<TenantControlPlane> {
    const { client, caches } = this.dependencies;
    const { uid, resourceVersion } = tenant.metadata ?? {};
    // A merge patch leaves alone what it does not name, and takes away what is null.
    const absent = {
      since: null,
      policyHash: null,
      ceiling: null,
      closures: null,
      reopensAt: null,
      message: null,
    };
    const status = { storageBudget: storageBudget && { ...absent, ...storageBudget } };
    const patch = { type: 'merge', body: { metadata: { uid, resourceVersion }, status } } as const;
    const options = { fieldManager, subresource: 'status' } as const;
    const written = await client.patch(tenantControlPlanes, refOf(tenant), patch, options);
    caches.tenants.remember(written);
    return written;
  }
}

/** Nobody who can be asked has nothing to say; what the cluster grows by is measured in its store. */
async function lookAt(guardRail: GuardRail | undefined): Promise<PolicyState> {
  try {
    return (await guardRail?.look()) ?? 'Unknown';
  } catch (error: unknown) {
    if (!isKubeError(error)) throw error;
    return 'Unknown';
  }
}

function nextLookMs({ enforcement, percent, reopensAt }: StorageBudgetStatus, now: Date): number {
  if (enforcement === 'None') return percent >= warningPercent ? look.closeMs : look.usualMs;
  const untilOpenMs = reopensAt === undefined ? Infinity : Date.parse(reopensAt) - now.getTime();
  return Math.min(look.closeMs, Math.max(0, untilOpenMs));
}

/** Whether there is a partition, and a budget for it now or perhaps something left of one. */
function mayBeHeld(tenant: TenantControlPlane): boolean {
  const { metadata, spec, status } = tenant;
  if (metadata?.deletionTimestamp || !hasReached(tenant, 'PartitionReady')) return false;
  return [spec.storageBudget, status?.storageBudget, status?.restoredBy].some((one) => one !== undefined);
}

/** Which store counts, and who may write there, is the migration's to say until it is over. */
function isMoving({ status }: TenantControlPlane): boolean {
  return status?.migration !== undefined && status.migration.phase !== 'Complete';
}

function limitOf({ bytes, objects }: StorageBudget): Limit {
  const limit = parseQuantity(String(bytes ?? ''));
  return { ...(limit !== undefined && { bytes: limit }), ...(objects !== undefined && { objects }) };
}
