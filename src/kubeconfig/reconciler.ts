import { isDeepStrictEqual } from 'node:util';
import { statusFieldManager } from '../api/v1alpha1/field-managers.ts';
import { tenantControlPlanes } from '../api/v1alpha1/tenant-control-plane.ts';
import {
  type TenantKubeconfig,
  tenantKubeconfigs,
  type TenantKubeconfigStatus,
} from '../api/v1alpha1/tenant-kubeconfig.ts';
import { failed, type Unfinished, waiting } from '../controlplane/component.ts';
import { contentHash } from '../controlplane/content-hash.ts';
import { gather, type View } from '../controlplane/view.ts';
import type { ReconcileContext } from '../engine/controller.ts';
import { addFinalizer, hasFinalizer, removeFinalizer } from '../engine/finalizer.ts';
import { done, requeueAfter, type Result } from '../engine/result.ts';
import { applyStatus } from '../kube/apply-status.ts';
import { isKubeError } from '../kube/errors.ts';
import type { Informer } from '../kube/informer.ts';
import { type ObjectRef, refOf, refOfKey } from '../kube/resource.ts';
import { issueKubeconfig, type IssuerDependencies } from './issuer.ts';
import { finalizer } from './names.ts';
import { nextLook } from './next-look.ts';
import { recordProblem } from './record.ts';
import { removeSecret } from './secret.ts';
import { sourceOf, stateOf, targetOf } from './source.ts';
import { type Standing, standingOf } from './standing.ts';
import { blockedBy, buildExpiredStatus, buildStatus, type Progress } from './status.ts';
import { TenantAccess, type TenantAccessDependencies } from './tenant-access.ts';

/** Milliseconds for which one that has ended can still be looked at. */
const keptAfterEndMs = 60 * 60_000;
/** Milliseconds until what a write of somebody else came between is looked at again. */
const conflictRetryMs = 100;

export interface TenantKubeconfigDependencies extends IssuerDependencies, TenantAccessDependencies {
  readonly kubeconfigs: Informer<TenantKubeconfig>;
  /** In [0, 1). */
  readonly random: () => number;
}

/** One that was found right, and what of it and of its tenant that depended on. */
interface Settled {
  readonly state: string;
  readonly atMs: number;
  readonly until: Date;
}

/** Issues TenantKubeconfigs, renews them, and takes back what they gave. */
export class TenantKubeconfigReconciler {
  private readonly dependencies: TenantKubeconfigDependencies;
  private readonly access: TenantAccess;
  /** By uid. */
  private readonly settled = new Map<string, Settled>();
  /** By key: those that something may have been made for. One that vanishes in spite of its finalizer is still cleared away. */
  private readonly held = new Map<string, TenantKubeconfig>();

  constructor(dependencies: TenantKubeconfigDependencies) {
    this.dependencies = dependencies;
    this.access = new TenantAccess(dependencies);
  }

  /** `key` is `namespace/name`. Rejects when something failed that a retry may cure. */
  async reconcile(key: string, { signal }: ReconcileContext): Promise<Result> {
    try {
      const kubeconfig = this.dependencies.kubeconfigs.get(refOfKey(key));
      await this.clearVanished(key, kubeconfig, signal);
      if (!kubeconfig) return done;
      if (kubeconfig.metadata?.deletionTimestamp) return await this.remove(key, kubeconfig, signal);
      return await this.advance(key, kubeconfig, signal);
    } catch (error: unknown) {
      // Changed since it was read; its event may be merged with this run.
      if (isKubeError(error, 'Conflict', 'AlreadyExists')) return cacheBehind;
      throw error;
    }
  }

  private async advance(key: string, kubeconfig: TenantKubeconfig, signal: AbortSignal): Promise<Result> {
    const standing = this.standing(kubeconfig);
    if (standing.state === 'Outlived') return await this.discardOutlived(kubeconfig);
    const end = endOf(kubeconfig);
    if (end && end <= this.now()) return await this.expire(key, kubeconfig, { end, signal });
    if (standing.state !== 'There') {
      return (await this.report(kubeconfig, blockedBy(absent(kubeconfig, standing)))).next;
    }

    const { clock, caches, settings } = this.dependencies;
    const { tenant } = standing;
    const uid = kubeconfig.metadata?.uid ?? '';
    const current = { state: contentHash([kubeconfig.spec, stateOf(tenant)]), atMs: clock.monotonicMs() };
    const before = this.settled.get(uid);
    const isHeld = hasFinalizer(kubeconfig, finalizer);
    const isRecent = before !== undefined && current.atMs - before.atMs < settings.resyncMs;
    if (isHeld && isRecent && before.state === current.state && this.now() < before.until) {
      return this.next([], before.until);
    }
    this.settled.delete(uid);
    const [held, progress] = await this.work(key, kubeconfig, gather(tenant, caches, settings), signal);
    const { isWritten, next } = await this.report(held, progress);
    const { credential, access } = progress;
    if (isWritten && credential.state === 'Done' && access.state === 'Done') {
      this.settled.set(uid, { ...current, until: credential.value.until });
    }
    return next;
  }

  /** The Secret in the management cluster and the rights in the tenant, side by side; the object as it then is. */
  private async work(
    key: string,
    kubeconfig: TenantKubeconfig,
    view: View,
    signal: AbortSignal,
  ): Promise<readonly [TenantKubeconfig, Progress]> {
    const source = sourceOf(view);
    if (!hasFinalizer(kubeconfig, finalizer)) {
      // It may go without a word until something is made for it.
      const blocking = [source, targetOf(view)].find(({ state }) => state !== 'Done');
      if (blocking && blocking.state !== 'Done') return [kubeconfig, blockedBy(blocking)];
    }
    const held = await this.hold(key, kubeconfig);
    const [credential, access] = await Promise.all([
      source.state === 'Done' ? issueKubeconfig(held, view.tenant, source.value, this.dependencies) : source,
      this.access.grant(held, view, signal),
    ]);
    return [held, { credential, access, runtimeId: view.names.runtimeId }];
  }

  /** Its life is over: everything goes but the object, which tells of it for a while. */
  private async expire(
    key: string,
    kubeconfig: TenantKubeconfig,
    { end, signal }: { readonly end: Date; readonly signal: AbortSignal },
  ): Promise<Result> {
    const now = this.now();
    if (hasFinalizer(kubeconfig, finalizer)) {
      const obstacle = await this.takeBack(kubeconfig, signal);
      if (obstacle) return (await this.report(kubeconfig, blockedBy(obstacle))).next;
    }
    const goneAt = new Date(end.getTime() + keptAfterEndMs);
    if (goneAt <= now) return await this.discard(kubeconfig);
    const status = buildExpiredStatus(kubeconfig, { end, goneAt, now });
    if (!(await this.write(kubeconfig, status))) return cacheBehind;
    await this.release(key, kubeconfig);
    return this.next([], goneAt);
  }

  private async remove(key: string, kubeconfig: TenantKubeconfig, signal: AbortSignal): Promise<Result> {
    if (!hasFinalizer(kubeconfig, finalizer)) return done;
    const obstacle = await this.takeBack(kubeconfig, signal);
    if (obstacle) return (await this.report(kubeconfig, blockedBy(obstacle))).next;
    await this.release(key, kubeconfig);
    return done;
  }

  /** Removes rights and Secret: the Secret also where the rights cannot be, which is then what stands in the way. */
  private async takeBack(kubeconfig: TenantKubeconfig, signal: AbortSignal): Promise<Unfinished | undefined> {
    const [obstacle] = await Promise.all([
      this.revoke(kubeconfig, signal),
      removeSecret(this.dependencies.client, kubeconfig),
    ]);
    return obstacle;
  }

  private async revoke(kubeconfig: TenantKubeconfig, signal: AbortSignal): Promise<Unfinished | undefined> {
    const cached = this.standing(kubeconfig);
    const isSure = cached.state === 'There' || kubeconfig.spec.clusterRole === undefined;
    return this.access.revoke(kubeconfig, isSure ? cached : await this.standingNow(kubeconfig), signal);
  }

  private async discardOutlived(kubeconfig: TenantKubeconfig): Promise<Result> {
    const { state } = await this.standingNow(kubeconfig);
    return state === 'Outlived' ? await this.discard(kubeconfig) : cacheBehind;
  }

  private async discard(kubeconfig: TenantKubeconfig): Promise<Result> {
    const { uid, resourceVersion } = kubeconfig.metadata ?? {};
    await this.dependencies.client.delete(tenantKubeconfigs, refOf(kubeconfig), { uid, resourceVersion });
    return done;
  }

  private async hold(key: string, kubeconfig: TenantKubeconfig): Promise<TenantKubeconfig> {
    const { client, kubeconfigs } = this.dependencies;
    const held = await addFinalizer(client, tenantKubeconfigs, kubeconfig, finalizer);
    if (held !== kubeconfig) kubeconfigs.remember(held);
    this.held.set(key, held);
    return held;
  }

  private async release(key: string, kubeconfig: TenantKubeconfig): Promise<void> {
    const { client, kubeconfigs } = this.dependencies;
    const released = await removeFinalizer(client, tenantKubeconfigs, kubeconfig, finalizer);
    if (released && !released.metadata?.deletionTimestamp) kubeconfigs.remember(released);
    this.forget(key, kubeconfig);
  }

  /** Somebody took the finalizer off, or a deletion overtook it. */
  private async clearVanished(
    key: string,
    live: TenantKubeconfig | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    const held = this.held.get(key);
    if (!held || held.metadata?.uid === live?.metadata?.uid) return;
    const obstacle = await this.takeBack(held, signal);
    if (obstacle) throw new Error(`what ${key} gave cannot be taken back: ${obstacle.message}`);
    this.forget(key, held);
  }

  private forget(key: string, { metadata }: TenantKubeconfig): void {
    this.held.delete(key);
    this.settled.delete(metadata?.uid ?? '');
  }

  /** Says how far it came. @throws the cause of a step that failed in a way that a retry may cure. */
  private async report(
    kubeconfig: TenantKubeconfig,
    progress: Progress,
  ): Promise<{ readonly isWritten: boolean; readonly next: Result }> {
    const status = buildStatus(kubeconfig, progress, this.now());
    const isWritten = await this.write(kubeconfig, status);
    if (!isWritten) return { isWritten, next: cacheBehind };
    recordProblem(this.dependencies.events, kubeconfig, status);
    const { credential, access } = progress;
    const until = credential.state === 'Done' ? credential.value.until : undefined;
    return { isWritten, next: this.next([credential, access], until) };
  }

  /** False when somebody changed it meanwhile. */
  private async write(kubeconfig: TenantKubeconfig, status: TenantKubeconfigStatus): Promise<boolean> {
    const { client, kubeconfigs: cache } = this.dependencies;
    const target = { client, resource: tenantKubeconfigs, cache, fieldManager: statusFieldManager };
    if (await applyStatus(target, kubeconfig, status)) return true;
    return isDeepStrictEqual(JSON.parse(JSON.stringify(status)), kubeconfig.status ?? {});
  }

  private next(steps: readonly (Progress['credential'] | Progress['access'])[], until?: Date): Result {
    const { settings, random } = this.dependencies;
    return nextLook({ steps, until, now: this.now(), resyncMs: settings.resyncMs, random: random() });
  }

  private standing(kubeconfig: TenantKubeconfig): Standing {
    return standingOf(kubeconfig, this.dependencies.caches.tenants.get(tenantRefOf(kubeconfig)));
  }

  /** For what cannot be undone: a cache may be behind. */
  private async standingNow(kubeconfig: TenantKubeconfig): Promise<Standing> {
    const live = await this.dependencies.client.get(tenantControlPlanes, tenantRefOf(kubeconfig));
    return standingOf(kubeconfig, live);
  }

  private now(): Date {
    return this.dependencies.clock.now();
  }
}

const cacheBehind = requeueAfter(conflictRetryMs, 'CacheBehind');

function tenantRefOf({ metadata, spec }: TenantKubeconfig): ObjectRef {
  return { namespace: metadata?.namespace, name: spec.controlPlaneName };
}

/** When one that is not renewed ends. */
function endOf({ spec, status }: TenantKubeconfig): Date | undefined {
  return spec.renew || status?.notAfter === undefined ? undefined : new Date(status.notAfter);
}

function absent({ spec }: TenantKubeconfig, { state }: Standing): Unfinished {
  const name = spec.controlPlaneName;
  return state === 'Going'
    ? waiting('Deleting', `TenantControlPlane ${name} is being deleted; this goes with it.`)
    : failed('TenantNotFound', `There is no TenantControlPlane ${name} in this namespace.`);
}
