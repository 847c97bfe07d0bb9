import type { LastingReason } from '../api/v1alpha1/reasons.ts';
import { tenantControlPlanes } from '../api/v1alpha1/tenant-control-plane.ts';
import { differences } from '../kube/differences.ts';
import { KubeError, isKubeError } from '../kube/errors.ts';
import { keyOf, refOf } from '../kube/resource.ts';
import { configMaps, deployments, podDisruptionBudgets, services } from '../kube/resources.ts';
import type { Deployment, Service } from '../kube/resources.ts';
import { AdminKubeconfigs } from './admin-kubeconfig/sync.ts';
import { applyOwned, deleteOwned } from './apply-owned.ts';
import { wantedCertificates } from './certificates/plan.ts';
import { type Certificates, syncCertificates } from './certificates/sync.ts';
import { done, failed, type StepResult, waiting } from './component.ts';
import { buildConfig, startupFilesHash } from './config/build.ts';
import { clearFormerStores, wouldLeaveContents } from './datastore-access/former-store.ts';
import { accessTo, storeOf } from './datastore-access/store-of.ts';
import { syncPartition } from './datastore-access/sync.ts';
import type { ControlPlaneDependencies } from './dependencies.ts';
import { buildDeployment } from './deployment/build.ts';
import { explainInvalidDeployment } from './deployment/explain-invalid.ts';
import type { StoreAccess } from './deployment/store-access.ts';
import { observeWorkload, type Workload } from './deployment/observe.ts';
import { buildDisruptionBudget } from './disruption-budget/build.ts';
import { type Inside, InTenantLooks } from './in-tenant/looks.ts';
import { type Roots, rootsFingerprint } from './roots/material.ts';
import { syncRoots } from './roots/sync.ts';
import { buildService } from './service/build.ts';
import { explainInvalidService } from './service/explain-invalid.ts';
import { type Endpoint, resolveEndpoint } from './service/endpoint.ts';
import { outOfLimits } from './spec-limits.ts';
import type { Progress } from './status.ts';
import type { View } from './view.ts';

export interface Advance {
  readonly progress: Progress;
  /** What had been changed by hand inside the tenant and was put back. */
  readonly putBack: readonly string[];
  readonly renewAt: Date | undefined;
}

/**
 * The graph of what a control plane is made of; independent parts run side by side:
 *
 *     Service, endpoint -+-> certificates -+-> Deployment -> API server -> inside of the tenant
 *     roots -------------+                 |
 *     partition and its credential --------+
 */
export class ControlPlaneSteps {
  private readonly dependencies: ControlPlaneDependencies;
  private readonly looks: InTenantLooks;
  private readonly adminKubeconfigs: AdminKubeconfigs;
  /** By uid: in which store a partition was last looked at, and when. */
  private readonly partitionsSeen = new Map<string, { readonly store: string; readonly atMs: number }>();

  constructor(dependencies: ControlPlaneDependencies) {
    const { client, clock, settings, tenantClients, resolve } = dependencies;
    this.dependencies = dependencies;
    this.looks = new InTenantLooks({ clients: tenantClients, clock, resyncMs: settings.resyncMs, resolve });
    this.adminKubeconfigs = new AdminKubeconfigs(client, clock, settings.resyncMs);
  }

  forget(uid: string): void {
    this.looks.forget(uid);
    this.dependencies.gate.leave(uid);
    this.adminKubeconfigs.forget(uid);
    this.partitionsSeen.delete(uid);
  }

  async advance(view: View, signal: AbortSignal): Promise<Advance> {
    const [service, partition, roots] = await Promise.all([
      attempt('ServiceFailed', () => this.service(view)),
      attempt('PartitionFailed', () => this.partition(view)),
      attempt('RootsFailed', () => syncRoots(view, this.ingredients())),
    ]);
    const endpoint = then(service, (live) =>
      resolveEndpoint(view.tenant, live, this.dependencies.settings.nodePortAddress),
    );
    const certificates = await attempt('CertificatesFailed', () =>
      this.certificates(view, service, endpoint, roots),
    );
    const adminKubeconfig = await attempt('KubeconfigFailed', () =>
      this.adminKubeconfig(view, endpoint, roots, certificates),
    );
    const workload = await attempt('DeploymentFailed', () => this.workload(view, partition, certificates));
    this.settleStart(view, workload);
    const inside = await this.inside(view, { service, endpoint, roots, certificates, workload }, signal);
    return {
      progress: {
        endpoint,
        partition,
        certificates: roots.state === 'Done' ? certificates : roots,
        adminKubeconfig,
        workload,
        bootstrap: inside.bootstrap,
        addons: inside.addons,
        endpointCheck: inside.endpointCheck,
        pods: view.pods.length,
        ...(view.awaited.state === 'Arrived' && { restoredBy: view.awaited.restoreUid }),
        ...(inside.version && { version: inside.version }),
        ...(inside.hash && { bootstrapHash: inside.hash }),
        ...(roots.state === 'Done' && { rootsFingerprint: rootsFingerprint(roots.value) }),
        ...(certificates.state === 'Done' && { expiries: certificates.value.expiries }),
      },
      putBack: inside.putBack,
      renewAt: certificates.state === 'Done' ? certificates.value.renewAt : undefined,
    };
  }

  private async service(view: View): Promise<StepResult<Service>> {
    const { client, caches } = this.dependencies;
    try {
      return done(await applyOwned(client, services, caches.services, buildService(view.tenant, view.names)));
    } catch (error: unknown) {
      const refusal = isKubeError(error) ? explainInvalidService(error) : undefined;
      if (!refusal) throw error;
      // Tried again: a node port that another Service has may become free.
      return failed('ServiceInvalid', refusal, error);
    }
  }

  private async partition(view: View): Promise<StepResult<StoreAccess>> {
    const { connections, fence, clock, settings, caches } = this.dependencies;
    const { tenant } = view;
    const store = storeOf(tenant) ?? '';
    const uid = tenant.metadata?.uid ?? '';
    const seen = this.partitionsSeen.get(uid);
    const seenMs = seen?.store === store ? seen.atMs : undefined;
    // What it is by now: a migration may have gone on since this run began.
    const access = () => accessTo(caches.tenants.get(refOf(tenant)) ?? tenant, store);
    const verify = seenMs === undefined || clock.monotonicMs() - seenMs >= settings.resyncMs;
    if (verify && !(await this.isStillThere(view))) {
      return waiting('CacheBehind', 'The tenant has been deleted meanwhile.', 1000);
    }
    const obstacle = wouldLeaveContents(view);
    if (obstacle) return obstacle;
    const formerStores = await clearFormerStores(view, this.dependencies);
    const result = await syncPartition(view, {
      formerStores,
      ...this.ingredients(),
      connections,
      fence,
      access,
      verify,
    });
    // A store that was away may come back as an older backup of itself.
    if (result.state !== 'Done') this.partitionsSeen.delete(uid);
    else if (verify) this.partitionsSeen.set(uid, { store, atMs: clock.monotonicMs() });
    return result;
  }

  /**
   * A cache that is far behind shows a tenant whose partition went with it: made again, it would belong to nobody.
   * One without a status has just been looked at.
   */
  private async isStillThere({ tenant }: View): Promise<boolean> {
    if (!tenant.status) return true;
    const live = await this.dependencies.client.get(tenantControlPlanes, refOf(tenant));
    return live?.metadata?.uid === tenant.metadata?.uid && !live?.metadata?.deletionTimestamp;
  }

  private async certificates(
    view: View,
    service: StepResult<Service>,
    endpoint: StepResult<Endpoint>,
    roots: StepResult<Roots>,
  ): Promise<StepResult<Certificates>> {
    if (roots.state !== 'Done') return roots;
    if (service.state !== 'Done') return waiting('ServicePending', 'Waiting for the Service.');
    if (endpoint.state !== 'Done') return waiting('EndpointPending', 'Waiting for the published address.');
    const wanted = wantedCertificates(view.tenant, view.names, {
      published: [endpoint.value.host],
      clusterIPs: service.value.spec?.clusterIPs ?? [],
    });
    return syncCertificates(view, wanted, roots.value, this.ingredients());
  }

  private async adminKubeconfig(
    view: View,
    endpoint: StepResult<Endpoint>,
    roots: StepResult<Roots>,
    certificates: StepResult<Certificates>,
  ): Promise<StepResult> {
    if (endpoint.state !== 'Done' || roots.state !== 'Done' || certificates.state !== 'Done') {
      return waiting('CertificatesPending', 'Waiting for the certificates.');
    }
    return this.adminKubeconfigs.sync(view, {
      endpoint: endpoint.value,
      certificateAuthority: roots.value['ca.crt'],
      certificates: certificates.value.files,
    });
  }

  private async workload(
    view: View,
    partition: StepResult<StoreAccess>,
    certificates: StepResult<Certificates>,
  ): Promise<StepResult<Workload>> {
    // A control plane that runs is left running while its parts cannot be brought up to date.
    if (partition.state !== 'Done' || certificates.state !== 'Done')
      return observeWorkload(view.deployment, view.pods);
    const { client, caches, settings } = this.dependencies;
    const { tenant, names } = view;
    const beyond = outOfLimits(tenant);
    if (beyond) return asItIs(view, failed('SpecInvalid', beyond));
    try {
      const config = await applyOwned(client, configMaps, caches.configMaps, buildConfig(tenant, names));
      const desired = buildDeployment(tenant, names, {
        store: partition.value,
        kineImage: settings.kineImage,
        startupFilesHash: startupFilesHash(config, partition.value.readAtStart),
      });
      if (view.awaited.state === 'Pending') return await this.atRest(view, desired, view.awaited.restore);
      // Nothing can be written to the one that is replaced by this.
      const isMoving = tenant.status?.migration?.phase === 'Switched';
      const queued = isMoving ? undefined : this.queued(view, desired);
      if (queued) return queued;
      const [deployment] = await Promise.all([
        applyOwned(client, deployments, caches.deployments, desired),
        this.disruptionBudget(view),
      ]);
      return observeWorkload(deployment, view.pods);
    } catch (error: unknown) {
      const refusal = isKubeError(error) ? explainInvalidDeployment(error) : undefined;
      if (!refusal) throw error;
      return asItIs(view, failed('DeploymentInvalid', refusal));
    }
  }

  /** Nothing runs on a partition that is being written by a restore. */
  private async atRest({ pods }: View, desired: Deployment, restore: string): Promise<StepResult<Workload>> {
    const { client, caches } = this.dependencies;
    const stopped = { ...desired, spec: { ...desired.spec, replicas: 0 } } as Deployment;
    await applyOwned(client, deployments, caches.deployments, stopped);
    return pods.length > 0
      ? waiting('Stopping', `Stops for TenantRestore ${restore}.`)
      : waiting('RestorePending', `The contents come from TenantRestore ${restore}.`);
  }

  /**
   * The workload as it stays while other control planes start, at a birth or with new pods; undefined when this one may
   * go on or needs no start.
   */
  private queued({ tenant, deployment, pods }: View, desired: Deployment): StepResult<Workload> | undefined {
    const running = observeWorkload(deployment, pods);
    if (!needsStart(desired, deployment, running)) return undefined;
    const isUnderWay = running.state !== 'Done' && (deployment?.spec?.replicas ?? 0) > 0;
    const admission = this.dependencies.gate.enter(
      tenant.metadata?.uid ?? '',
      keyOf(refOf(tenant)),
      isUnderWay,
    );
    if (admission.admitted) return undefined;
    const message = `Waiting for other control planes to start, ${admission.ahead} of them before this one.`;
    const rollout = waiting('StartPending', message, admission.retryMs);
    return running.state === 'Done' ? done({ ...running.value, rollout }) : rollout;
  }

  /** Tells the others who wait to start when this one no longer keeps them. */
  private settleStart({ tenant }: View, workload: StepResult<Workload>): void {
    const { gate } = this.dependencies;
    const uid = tenant.metadata?.uid ?? '';
    if (workload.state === 'Failed') {
      gate.stall(uid);
      return;
    }
    const hasEnded =
      workload.state === 'Done' ? workload.value.rollout.state !== 'Waiting' : workload.reason === 'Stopped';
    if (hasEnded) gate.leave(uid);
  }

  private async disruptionBudget(view: View): Promise<void> {
    const { client, caches } = this.dependencies;
    const desired = buildDisruptionBudget(view.tenant, view.names);
    if (desired) {
      await applyOwned(client, podDisruptionBudgets, caches.disruptionBudgets, desired);
      return;
    }
    const ref = { namespace: view.names.namespace, name: view.names.disruptionBudget };
    await deleteOwned(client, podDisruptionBudgets, caches.disruptionBudgets, ref);
  }

  private async inside(
    view: View,
    parts: {
      readonly service: StepResult<Service>;
      readonly endpoint: StepResult<Endpoint>;
      readonly roots: StepResult<Roots>;
      readonly certificates: StepResult<Certificates>;
      readonly workload: StepResult<Workload>;
    },
    signal: AbortSignal,
  ): Promise<Inside> {
    const { service, endpoint, roots, certificates, workload } = parts;
    if (
      service.state !== 'Done' ||
      endpoint.state !== 'Done' ||
      roots.state !== 'Done' ||
      certificates.state !== 'Done' ||
      workload.state !== 'Done'
    ) {
      return workload.state === 'Done' ? notYet('Waiting for the certificates.') : notYet();
    }
    try {
      return await this.looks.look({
        view: { ...view, service: service.value },
        endpoint: endpoint.value,
        roots: roots.value,
        certificates: certificates.value.files,
        workload: workload.value,
        signal,
      });
    } catch (error: unknown) {
      if (!(error instanceof KubeError)) throw error;
      return { ...notYet(), bootstrap: failed('TenantUnreachable', error.message, error) };
    }
  }

  private ingredients() {
    const { client, caches, clock, randomBytes } = this.dependencies;
    return { client, secrets: caches.secrets, now: clock.now(), randomBytes };
  }
}

/** Whether applying the Deployment starts pods: a birth, a wake, or a template of which none runs yet. */
function needsStart(
  desired: Deployment,
  live: Deployment | undefined,
  running: StepResult<Workload>,
): boolean {
  if (desired.spec?.replicas === 0) return false;
  if (running.state !== 'Done') return true;
  return differences(desired.spec?.template, live?.spec?.template, 'spec.template').length > 0;
}

/** The workload where it cannot be made what is wanted: one that serves goes on serving. */
function asItIs({ deployment, pods }: View, problem: StepResult<never>): StepResult<Workload> {
  const running = observeWorkload(deployment, pods);
  return running.state === 'Done' ? done({ ...running.value, rollout: problem }) : problem;
}

function notYet(message = 'Waiting for the API server.'): Inside {
  const pending = waiting('ApiServerPending', message);
  return { bootstrap: pending, addons: pending, endpointCheck: pending, putBack: [] };
}

function then<T, U>(step: StepResult<T>, next: (value: T) => StepResult<U>): StepResult<U> {
  return step.state === 'Done' ? next(step.value) : step;
}

/** A call to the management cluster that fails becomes the step's result, so that the other steps go on. */
async function attempt<T>(reason: LastingReason, step: () => Promise<StepResult<T>>): Promise<StepResult<T>> {
  try {
    return await step();
  } catch (error: unknown) {
    // The cache has not seen yet what an earlier run made.
    if (isKubeError(error, 'AlreadyExists', 'Conflict')) return waiting('CacheBehind', error.message, 200);
    if (error instanceof KubeError) return failed(reason, error.message, error);
    throw error;
  }
}
