import type { DataStore } from '../../api/v1alpha1/data-store.ts';
import { fieldManager, statusFieldManager } from '../../api/v1alpha1/field-managers.ts';
import { type TenantControlPlane, tenantControlPlanes } from '../../api/v1alpha1/tenant-control-plane.ts';
import { type TenantRestore, tenantRestores } from '../../api/v1alpha1/tenant-restore.ts';
import { annotations, podSelector, tenantNames, type TenantNames } from '../../controlplane/names.ts';
import { restoreFinalizer } from '../../controlplane/restore/awaited.ts';
import { fenceOf } from '../../controlplane/still-there.ts';
import type { DataStoreConnections } from '../../datastore/connections.ts';
import type { Clock } from '../../engine/clock.ts';
import { isTrue } from '../../engine/conditions.ts';
import type { ReconcileContext } from '../../engine/controller.ts';
import { addFinalizer, hasFinalizer, removeFinalizer } from '../../engine/finalizer.ts';
import { done, requeueAfter, type Result } from '../../engine/result.ts';
import { applyStatus } from '../../kube/apply-status.ts';
import type { KubeClient } from '../../kube/client.ts';
import { isKubeError } from '../../kube/errors.ts';
import type { EventRecorder } from '../../kube/events.ts';
import type { Informer } from '../../kube/informer.ts';
import { type ObjectRef, refOf, refOfKey } from '../../kube/resource.ts';
import { type Deployment, deployments, pods, secrets } from '../../kube/resources.ts';
import { decodeData } from '../../kube/secret-data.ts';
import { ArchiveError } from '../archive/errors.ts';
import type { Manifest } from '../archive/manifest.ts';
import { openArchive, readManifest, verifyArchive } from '../archive/read.ts';
import { cloneRewrite, type Rewrite } from '../clone/rewrite.ts';
import { recordReadiness } from '../record-readiness.ts';
import { storeOfTenant } from '../store-of-tenant.ts';
import { type Obstacle, ObstacleError, obstacleOf } from '../outcome.ts';
import { archivePrefix } from '../take.ts';
import { type Loaded, load } from './load.ts';
import { archivedRoots, putRoots } from './roots.ts';
import { locate, openSource, type Source, type SourceDependencies } from './source.ts';
import { buildRestoreStatus, type RestoreFacts, type RestoreProgress } from './status.ts';
import { buildTarget, planTarget, refusalOf } from './target.ts';

/** Milliseconds between two looks at a control plane that is being made or stopped. */
const lookMs = 500;
/** Milliseconds after which what needs a person is looked at again, should no event have told of it. */
const patientMs = 60_000;

/**
 * Revisions that the cluster may have had since the archive was taken, where they are counted for it alone. Numbers are no scarcity
 * there, and a client that has seen a higher one would miss what is written below it.
 */
const revisionsSince = 2n ** 32n;

export interface TenantRestoreDependencies extends SourceDependencies {
  readonly client: KubeClient;
  readonly restores: Informer<TenantRestore>;
  readonly tenants: Informer<TenantControlPlane>;
  readonly dataStores: Informer<DataStore>;
  readonly connections: DataStoreConnections;
  /** Where control planes run. */
  readonly namespace: string;
  readonly events: EventRecorder;
  readonly fence: () => void;
  readonly clock: Clock;
  readonly randomBytes: (size: number) => Buffer;
}

/** One pass over a restore. */
interface Work {
  readonly restore: TenantRestore;
  readonly source: Source;
  readonly archive: NonNullable<RestoreFacts['archive']>;
  readonly manifest: Manifest;
  readonly signal: AbortSignal;
}

/**
 * Brings the contents of an archive into a control plane: verifies all of the archive, stops the control plane or makes it, writes, compares.
 * Each pass begins at the beginning and finds what is done; until the end nothing of the archive runs.
 */
export class TenantRestoreReconciler {
  private readonly dependencies: TenantRestoreDependencies;
  /** Of archives that are being restored, by the uid of their restore. */
  private readonly manifests = new Map<string, Manifest>();

  constructor(dependencies: TenantRestoreDependencies) {
    this.dependencies = dependencies;
  }

  async reconcile(key: string, { signal, log }: ReconcileContext): Promise<Result> {
    const { client, restores } = this.dependencies;
    const restore = restores.get(refOfKey(key));
    if (!restore) return done;
    if (isTrue(restore.status?.conditions, 'Ready')) {
      this.manifests.delete(restore.metadata?.uid ?? '');
      return await this.release(restore);
    }
    if (restore.metadata?.deletionTimestamp) {
      // Once the contents are being replaced there is no way but to the end, as long as there is a tenant that they are for.
      if (!hasFinalizer(restore, restoreFinalizer)) return done;
      if (await this.hasNoTenant(restore)) {
        await removeFinalizer(client, tenantRestores, restore, restoreFinalizer);
        return done;
      }
    }
    try {
      const work = await this.prepare(restore, signal);
      const { loaded, runtimeId } = await this.restore(work);
      log.info({ archive: work.archive.key, entries: loaded.entries }, 'restored a tenant');
      const facts = { archive: work.archive, runtimeId };
      await this.report(restore, { state: 'Restored', ...loaded }, facts);
      return requeueAfter(0, 'Finished');
    } catch (error: unknown) {
      return await this.stopAt(restore, obstacleOf(error));
    }
  }

  /** The finalizer goes when the control plane has taken note: until then this object is what holds it back, and lets it go. */
  private async release(restore: TenantRestore): Promise<Result> {
    const { client, tenants } = this.dependencies;
    if (!hasFinalizer(restore, restoreFinalizer)) return done;
    const tenant = tenants.get(targetOf(restore));
    const isNoted = !tenant || tenant.status?.restoredBy === restore.metadata?.uid;
    if (!isNoted && !tenant.metadata?.deletionTimestamp) return requeueAfter(patientMs, 'NotTakenNoteOf');
    await removeFinalizer(client, tenantRestores, restore, restoreFinalizer);
    return done;
  }

  private async hasNoTenant(restore: TenantRestore): Promise<boolean> {
    const tenant = await this.dependencies.client.get(tenantControlPlanes, targetOf(restore));
    return !tenant || tenant.metadata?.deletionTimestamp !== undefined;
  }

  /** The archive, read to its end once. */
  private async prepare(restore: TenantRestore, signal: AbortSignal): Promise<Work> {
    const uid = restore.metadata?.uid ?? '';
    const source = openSource(locate(restore, this.dependencies), this.dependencies);
    const { storage, identity, location } = source;
    const known = restore.status?.archive;
    if (known) {
      const manifest =
        this.manifests.get(uid) ?? (await readManifest(await storage.get(location.key), identity));
      requireOwn(manifest, restore);
      this.manifests.set(uid, manifest);
      return { restore, source, archive: known, manifest, signal };
    }
    await this.tell(restore, { reason: 'Verifying', message: `Archive ${location.key} is being read.` });
    const { manifest, contents } = await verifyArchive(await storage.get(location.key), identity);
    requireOwn(manifest, restore);
    this.manifests.set(uid, manifest);
    const archive = {
      storage: location.storage,
      key: location.key,
      takenAt: manifest.takenAt,
      revision: manifest.revision,
      entries: contents.entries,
      contentSha256: contents.sha256,
      rootsFingerprint: manifest.rootsFingerprint,
    };
    await this.tell(restore, { reason: 'Stopping', message: 'The archive is whole.' }, { archive });
    return { restore, source, archive, manifest, signal };
  }

  private async restore(work: Work): Promise<{ readonly loaded: Loaded; readonly runtimeId: string }> {
    const { namespace, client } = this.dependencies;
    const tenant = await this.target(work);
    const names = tenantNames(tenant, namespace);
    if (work.restore.spec.mode === 'InPlace') {
      await putRoots(client, tenant, names, archivedRoots(work.manifest));
    }
    await this.requireAtRest(tenant, names, work);
    const loaded = await this.load(work, tenant, names);
    return { loaded, runtimeId: names.runtimeId };
  }

  /** The control plane that gets the contents, with this restore named on it. */
  private async target({ restore, archive, manifest }: Work): Promise<TenantControlPlane> {
    const { client, tenants } = this.dependencies;
    const ref = targetOf(restore);
    const tenant = await client.get(tenantControlPlanes, ref);
    const plan = planTarget(restore, tenant, archive.rootsFingerprint);
    if (plan.do === 'stop') throw new ObstacleError(plan.obstacle);
    if (plan.do === 'create') {
      tenants.remember(await this.create(buildTarget(restore, manifest)));
    }
    if (plan.do === 'hold') await this.hold(restore, tenant as TenantControlPlane);
    if (plan.do === 'nothing' && tenant) return tenant;
    throw passing('Stopping', `TenantControlPlane ${ref.name} is being made ready for the contents.`);
  }

  private async create(tenant: TenantControlPlane): Promise<TenantControlPlane> {
    try {
      return await this.dependencies.client.create(tenantControlPlanes, tenant, { fieldManager });
    } catch (error: unknown) {
      if (!isKubeError(error, 'Invalid', 'Forbidden')) throw error;
      const message = `TenantControlPlane ${tenant.metadata?.name} of the archive is refused: ${error.message}`;
      throw new ObstacleError({ reason: 'RestoreRefused', message });
    }
  }

  private async hold(restore: TenantRestore, { metadata }: TenantControlPlane): Promise<void> {
    const { client } = this.dependencies;
    const body = {
      metadata: { uid: metadata?.uid, annotations: { [annotations.restore]: restore.metadata?.name } },
    };
    const { namespace, name = '' } = metadata ?? {};
    await client.patch(tenantControlPlanes, { namespace, name }, { type: 'merge', body }, { fieldManager });
  }

  /** Live, not from caches: what still runs would write beside the restore. */
  private async requireAtRest(
    tenant: TenantControlPlane,
    names: TenantNames,
    { restore }: Work,
  ): Promise<void> {
    const { client } = this.dependencies;
    const name = tenant.metadata?.name;
    const refusal = refusalOf(tenant);
    if (refusal) throw new ObstacleError({ ...refusal, lookAgainMs: patientMs });
    if (!isTrue(tenant.status?.conditions, 'DataStoreReady')) {
      throw passing('Stopping', `TenantControlPlane ${name} has no partition yet.`);
    }
    const labelSelector = Object.entries(podSelector(names.runtimeId))
      .map(([label, value]) => `${label}=${value}`)
      .join(',');
    const [deployment, running] = await Promise.all([
      client.get(deployments, { namespace: names.namespace, name: names.deployment }),
      client.list(pods, { namespace: names.namespace, labelSelector }),
    ]);
    if (running.items.length > 0 || !hasStopped(deployment)) {
      throw passing('Stopping', `TenantControlPlane ${name} is being stopped.`);
    }
    await this.requireUnfinished(restore);
    await addFinalizer(client, tenantRestores, restore, restoreFinalizer);
  }

  /** The cache may not know yet that another pass has come to its end: what runs by now must not be emptied. */
  private async requireUnfinished(restore: TenantRestore): Promise<void> {
    const live = await this.dependencies.client.get(tenantRestores, refOf(restore));
    const isUnfinished =
      live?.metadata?.uid === restore.metadata?.uid && !isTrue(live?.status?.conditions, 'Ready');
    if (!isUnfinished) throw passing('CacheBehind', 'The restore has ended meanwhile.');
  }

  private async load(
    { restore, source, archive, manifest, signal }: Work,
    tenant: TenantControlPlane,
    names: TenantNames,
  ): Promise<Loaded> {
    const { tenants, fence } = this.dependencies;
    const { dataStore, driver } = await storeOfTenant(tenant, this.dependencies);
    const isClone = restore.spec.mode === 'Clone';
    const rewrite = isClone ? await this.rewriteFor(names, manifest) : undefined;
    const above = isClone ? undefined : firstRevision(manifest, names, dataStore);
    const message = `${archive.entries} keys are being written.`;
    await this.tell(restore, { reason: 'Loading', message }, { archive });
    // Before anything is emptied: the archive is still there, and still the one that was verified.
    requireSame(await readManifest(await source.storage.get(archive.key), source.identity), manifest);
    const open = async () => {
      const opened = await openArchive(await source.storage.get(archive.key), source.identity);
      requireSame(opened.manifest, manifest);
      return opened.pages;
    };
    return await load(driver.contentsOf(names.runtimeId), open, {
      fence: fenceOf(tenant, tenants, fence),
      signal,
      ...(rewrite && { rewrite }),
      ...(above && { above }),
    });
  }

  /** What makes values of the archive readable with the clone's own encryption key. */
  private async rewriteFor({ namespace, roots }: TenantNames, manifest: Manifest): Promise<Rewrite> {
    const { client, randomBytes } = this.dependencies;
    const secret = await client.get(secrets, { namespace, name: roots });
    const to = decodeData(secret)['encryption.yaml'];
    const from = manifest.roots['encryption.yaml'];
    if (!to || !from) throw passing('Stopping', 'The clone has no keys yet.');
    return cloneRewrite({ from, to }, randomBytes);
  }

  private async tell(restore: TenantRestore, obstacle: Obstacle, facts: RestoreFacts = {}): Promise<void> {
    await this.report(restore, { state: 'UnderWay', obstacle }, facts);
  }

  private async stopAt(restore: TenantRestore, obstacle: Obstacle): Promise<Result> {
    await this.report(restore, { state: 'Stopped', obstacle }, {});
    if (obstacle.cause !== undefined) throw new Error(obstacle.message, { cause: obstacle.cause });
    return requeueAfter(obstacle.lookAgainMs ?? patientMs, obstacle.reason);
  }

  private async report(
    restore: TenantRestore,
    progress: RestoreProgress,
    facts: RestoreFacts,
  ): Promise<void> {
    const { client, restores, clock, events } = this.dependencies;
    // It may have been written in this very pass.
    const current = restores.get(refOf(restore)) ?? restore;
    const status = buildRestoreStatus(current, progress, { facts, now: clock.now() });
    const target = { client, resource: tenantRestores, cache: restores, fieldManager: statusFieldManager };
    await applyStatus(target, current, status);
    recordReadiness(events, tenantRestores, current, status);
  }
}

/** All that its controller knew of has been acted on, and it has no pods. */
function hasStopped(deployment: Deployment | undefined): boolean {
  const { spec, status, metadata } = deployment ?? {};
  const isObserved = (status?.observedGeneration ?? 0) >= (metadata?.generation ?? 0);
  return spec?.replicas === 0 && isObserved && (status?.replicas ?? 0) === 0;
}

function targetOf({ metadata, spec }: TenantRestore): ObjectRef {
  return { namespace: metadata?.namespace, name: spec.tenantControlPlane };
}

function requireOwn({ tenant }: Manifest, { metadata }: TenantRestore): void {
  if (tenant.namespace === metadata?.namespace) return;
  const message = `The archive is of a tenant of another namespace than ${archivePrefix(metadata?.namespace ?? '')}.`;
  throw new ObstacleError({ reason: 'ArchiveNotFound', message });
}

/** What was verified is what is loaded. */
function requireSame(found: Manifest, verified: Manifest): void {
  if (found.takenAt === verified.takenAt && found.revision === verified.revision) return;
  throw new ArchiveError('Damaged', 'another archive has taken the place of the one that was verified');
}

function firstRevision({ revision, tenant }: Manifest, names: TenantNames, { spec }: DataStore): string {
  const isCountedAlone = spec.driver === 'postgres' && tenant.runtimeId !== names.runtimeId;
  return (BigInt(revision) + (isCountedAlone ? revisionsSince : 0n)).toString();
}

function passing(reason: Obstacle['reason'], message: string): ObstacleError {
  return new ObstacleError({ reason, message, lookAgainMs: lookMs });
}
