import type { StorageBudget, StorageBudgetStatus } from '../api/v1alpha1/storage-budget.ts';
import type { TenantControlPlane } from '../api/v1alpha1/tenant-control-plane.ts';
import { effectiveTenant } from '../controlplane/class/effective.ts';
import { openDriver, type Stores } from '../controlplane/datastore-access/open-driver.ts';
import { accessTo, storeOf } from '../controlplane/datastore-access/store-of.ts';
import { isAwaiting } from '../controlplane/restore/awaited.ts';
import { tenantNames } from '../controlplane/names.ts';
import { patchStatus } from '../controlplane/patch-status.ts';
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
import { exceeds, lifted, type Limit, planBudget, type PolicyState, warningPercent } from './plan.ts';
import { recordBudget } from './record-budget.ts';
import { type Subject, UsageMeter } from './usage-meter.ts';

/** Milliseconds from one look to the next, of a tenant with room, of one with little, and of one whose store has just been opened again. */
const look = { usualMs: 60_000, closeMs: 15_000, openedMs: 2_000 };
/** Milliseconds for which a store counts as just opened. */
const openedForMs = 60_000;
/** Largest share of the time in which it is measured what one tenant takes. */
const dutyShare = 0.25;
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
  private readonly meter: UsageMeter;

  constructor(dependencies: BudgetDependencies) {
    this.dependencies = dependencies;
    this.meter = new UsageMeter(dependencies.clock);
  }

  async reconcile(key: string, { signal }: ReconcileContext): Promise<Result> {
    const { caches, settings } = this.dependencies;
    const cached = caches.tenants.get(refOfKey(key));
    const tenant = cached && effectiveTenant(cached);
    if (!tenant || !mayBeHeld(tenant)) {
      this.settled.delete(key);
      this.meter.forget(key);
      return done;
    }
    const { storageBudget: budget } = tenant.spec;
    if (isMoving(tenant)) return requeueAfter(retryMs, 'Migrating');
    const view = gather(tenant, caches, settings);
    try {
      if (!budget && !tenant.status?.storageBudget) return await this.clearAway(view, signal);
      if (!budget || isAwaiting(view.awaited)) return await this.lift(view, signal);
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
    const { tenant } = view;
    const told = tenant.status?.storageBudget;
    const limit = limitOf(budget);
    const startedMs = clock.monotonicMs();
    const usage = await this.meter.measure(subjectOf(view), await this.driver(tenant), {
      signal,
      isEnforced: told !== undefined && told.enforcement !== 'None',
      isTooMuch: (amount) => exceeds(amount, limit),
    });
    const tookMs = clock.monotonicMs() - startedMs;

    const guardRail = () => this.guardRail(budget, view, signal);
    const policy = {
      hash: GuardRail.hashOf(budget),
      state:
        (told?.enforcement === 'AdmissionPolicy' && (await unlessUnreached((await guardRail())?.look()))) ||
        'Unknown',
    } as const;
    const next = planBudget({ budget: limit, usage, told, policy, now: clock.now() });
    const current = next === told ? tenant : await this.write(tenant, next);
    recordBudget(this.dependencies.events, current, told, next);
    await this.settle(current, next, guardRail, policy.state);
    return requeueAfter(nextLookMs(next, clock.now(), tookMs), 'BudgetWatched');
  }

  /** No budget any more, or none while an archive takes the place of what there is. */
  private async lift(view: View, signal: AbortSignal): Promise<Result> {
    const { tenant } = view;
    const told = tenant.status?.storageBudget;
    if (!told) return requeueAfter(retryMs, 'RestorePending');
    const next = lifted(told, this.dependencies.clock.now());
    const current = next === told ? tenant : await this.write(tenant, next);
    const isSettled = await this.settle(current, next, () => this.guardRail({}, view, signal), 'Unknown');
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
    guardRail: () => Promise<GuardRail | undefined>,
    policy: PolicyState,
  ): Promise<boolean> {
    const key = keyOf(refOf(tenant));
    const state = [enforcement, rest.since, contentsOf(tenant)].join();
    const isNew = this.settled.get(key) !== state;
    if (isNew) await this.open(tenant);
    if (enforcement === 'AdmissionPolicy' && policy !== 'InPlace') {
      const policyHash = await unlessUnreached((await guardRail())?.put());
      if (policyHash === undefined) return false;
      await this.write(tenant, { ...rest, enforcement, policyHash });
    } else if (enforcement === 'None' && isNew) {
      if (!(await unlessUnreached((await guardRail())?.remove()))) return false;
    }
    this.settled.set(key, state);
    return true;
  }

  /** Lets the tenant do with its partition what it may do now: all, or only read. */
  private async open(tenant: TenantControlPlane): Promise<void> {
    const { caches, settings } = this.dependencies;
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
    await driver.ensurePartition(tenantNames(tenant, settings.namespace).runtimeId, { access, fence });
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

  /** `null`: nothing is to be said of a budget. */
  private async write(
    tenant: TenantControlPlane,
    storageBudget: StorageBudgetStatus | null,
  ): Promise<TenantControlPlane> {
    const { client, caches } = this.dependencies;
    const absent = {
      since: null,
      policyHash: null,
      ceiling: null,
      closures: null,
      reopensAt: null,
      message: null,
    };
    const status = { storageBudget: storageBudget && { ...absent, ...storageBudget } };
    return await patchStatus(tenant, status, { client, tenants: caches.tenants });
  }
}

/** Undefined when the cluster fails or cannot be asked: it is asked again, and what it grows by is measured in its store meanwhile. */
async function unlessUnreached<T>(asked: Promise<T> | undefined): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error: unknown) {
    if (!isKubeError(error)) throw error;
    return undefined;
  }
}

function nextLookMs(status: StorageBudgetStatus, now: Date, tookMs: number): number {
  const { enforcement, percent, closures = 0, since = '', reopensAt } = status;
  const pausedMs = (ms: number) => Math.max(ms, tookMs / dutyShare);
  if (enforcement === 'None') return pausedMs(percent >= warningPercent ? look.closeMs : look.usualMs);
  // Whoever has removed the policy before is watched most when they can do it again.
  const isJustOpened = closures > 0 && now.getTime() - Date.parse(since) < openedForMs;
  if (enforcement === 'AdmissionPolicy') return pausedMs(isJustOpened ? look.openedMs : look.closeMs);
  const untilOpenMs = reopensAt === undefined ? Infinity : Date.parse(reopensAt) - now.getTime();
  return Math.min(pausedMs(look.closeMs), Math.max(0, untilOpenMs));
}

/** Whether there is a partition, and something to do about it. */
function mayBeHeld(tenant: TenantControlPlane): boolean {
  return !tenant.metadata?.deletionTimestamp && hasReached(tenant, 'PartitionReady') && mayHaveBudget(tenant);
}

/** Most have none, and need no look for it; what an archive has brought may hold the policy of one. */
export function mayHaveBudget(tenant: TenantControlPlane): boolean {
  const { spec, status } = effectiveTenant(tenant);
  return [spec.storageBudget, status?.storageBudget, status?.restoredBy].some((one) => one !== undefined);
}

/** Who may write where is the migration's to say for this moment. */
function isMoving({ status }: TenantControlPlane): boolean {
  return status?.migration?.phase === 'ReadOnly';
}

function subjectOf({ tenant, names }: View): Subject {
  return { key: keyOf(refOf(tenant)), contents: contentsOf(tenant), partition: names.runtimeId };
}

/** Tells apart what is in a partition by where it is and where it came from. */
function contentsOf(tenant: TenantControlPlane): string {
  return [tenant.metadata?.uid, storeOf(tenant), tenant.status?.restoredBy].join();
}

function limitOf({ bytes, objects }: StorageBudget): Limit {
  const limit = parseQuantity(String(bytes ?? ''));
  return { ...(limit !== undefined && { bytes: limit }), ...(objects !== undefined && { objects }) };
}
