import type { DataStore } from '../../api/v1alpha1/data-store.ts';
import { statusFieldManager } from '../../api/v1alpha1/field-managers.ts';
import { type Archive, type TenantBackup, tenantBackups } from '../../api/v1alpha1/tenant-backup.ts';
import type { TenantControlPlane } from '../../api/v1alpha1/tenant-control-plane.ts';
import type { TenantRestore } from '../../api/v1alpha1/tenant-restore.ts';
import { tenantNames } from '../../controlplane/names.ts';
import { awaitedContents, isAwaiting } from '../../controlplane/restore/awaited.ts';
import { readRoots, rootsFingerprint } from '../../controlplane/roots/material.ts';
import { hasReached } from '../../controlplane/timeline.ts';
import type { DataStoreConnections } from '../../datastore/connections.ts';
import type { Clock } from '../../engine/clock.ts';
import { findCondition, isTrue } from '../../engine/conditions.ts';
import type { ReconcileContext } from '../../engine/controller.ts';
import { addFinalizer, removeFinalizer } from '../../engine/finalizer.ts';
import { done, requeueAfter, type Result } from '../../engine/result.ts';
import { applyStatus } from '../../kube/apply-status.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { EventRecorder } from '../../kube/events.ts';
import type { Informer } from '../../kube/informer.ts';
import { refOfKey } from '../../kube/resource.ts';
import type { Secret } from '../../kube/resources.ts';
import { decodeData } from '../../kube/secret-data.ts';
import { type Obstacle, ObstacleError, obstacleOf } from '../outcome.ts';
import { type StorageDependencies, storageOf } from '../storage-of.ts';
import { storeOfTenant } from '../store-of-tenant.ts';
import { archivePrefix, type Subject, takeArchive } from '../take.ts';
import {
  archiveName,
  type BackupPlan,
  isArchiveOf,
  planBackup,
  planRetention,
  runtimeIdsOf,
} from './plan.ts';
import { buildBackupStatus } from './status.ts';

/** Keeps a TenantBackup until its archives are deleted, where they are to go with it. */
const finalizer = 'marina.dev/archives';

/** Milliseconds that the engine's timers go at most without a look: clocks are set, and days are long. */
const longestWaitMs = 6 * 60 * 60_000;

/** Milliseconds after which what needs a person is looked at again, should no event have told of it. */
const patientMs = 60_000;

export interface TenantBackupDependencies extends StorageDependencies {
  readonly client: KubeClient;
  readonly backups: Informer<TenantBackup>;
  readonly tenants: Informer<TenantControlPlane>;
  readonly restores: Informer<TenantRestore>;
  readonly dataStores: Informer<DataStore>;
  /** Of control planes, in their namespace. */
  readonly secrets: Informer<Secret>;
  readonly connections: DataStoreConnections;
  /** Where control planes run. */
  readonly namespace: string;
  readonly events: EventRecorder;
  readonly fence: () => void;
  readonly clock: Clock;
}

/** Takes archives of tenants when they are due, and removes those that need not be kept. */
export class TenantBackupReconciler {
  private readonly dependencies: TenantBackupDependencies;

  constructor(dependencies: TenantBackupDependencies) {
    this.dependencies = dependencies;
  }

  async reconcile(key: string, context: ReconcileContext): Promise<Result> {
    const backup = this.dependencies.backups.get(refOfKey(key));
    if (!backup) return done;
    if (backup.metadata?.deletionTimestamp) return await this.remove(backup);
    const held = await this.hold(backup);
    const now = this.dependencies.clock.now();
    const plan = this.plan(held, now);
    if ('reason' in plan) return await this.report(held, held.status?.archives ?? [], { obstacle: plan });
    return await this.work(held, plan, context);
  }

  private plan(backup: TenantBackup, now: Date): BackupPlan | Obstacle {
    try {
      return planBackup(backup, now);
    } catch (error: unknown) {
      const why = error instanceof Error ? error.message : String(error);
      return { reason: 'ScheduleInvalid', message: `spec.schedule: ${why}` };
    }
  }

  private async work(
    backup: TenantBackup,
    { due, next }: BackupPlan,
    { signal, log }: ReconcileContext,
  ): Promise<Result> {
    const { clock } = this.dependencies;
    let archives: readonly Archive[] = backup.status?.archives ?? [];
    const last = backup.status?.lastScheduleTime;
    let lastScheduleTime = last ? new Date(last) : undefined;
    try {
      if (due) {
        const taken = await this.take(backup, archiveName(due), signal);
        log.info({ archive: taken.key, entries: taken.entries, bytes: taken.bytes }, 'took an archive');
        archives = planRetention(backup, taken, clock.now()).all;
        if (backup.spec.schedule) lastScheduleTime = due;
        // Before anything expires: an archive that nobody knows of is lost.
        backup = await this.remember(backup, archives, lastScheduleTime);
      }
      const isBeingRestored = this.restoredFrom();
      const { expired: all } = planRetention(backup, undefined, clock.now());
      const expired = all.filter(({ key }) => !isBeingRestored.has(key));
      await this.deleteArchives(backup, expired);
      archives = archives.filter((archive) => !expired.includes(archive));
      return await this.report(backup, archives, { lastScheduleTime, nextScheduleTime: next });
    } catch (error: unknown) {
      return await this.report(backup, archives, { lastScheduleTime, obstacle: obstacleOf(error) });
    }
  }

  private async take(backup: TenantBackup, name: string, signal: AbortSignal): Promise<Archive> {
    const { clock, fence } = this.dependencies;
    const { storage, recipients } = storageOf(backup.spec.storage, this.dependencies);
    const subject = await this.subjectOf(backup);
    return await takeArchive(
      subject,
      { storage, recipients, backup: backup.metadata?.name ?? '', name },
      { clock, fence, signal },
    );
  }

  private async subjectOf({ metadata, spec }: TenantBackup): Promise<Subject> {
    const { tenants, restores, secrets, namespace } = this.dependencies;
    const tenant = tenants.get({ namespace: metadata?.namespace, name: spec.tenantControlPlane });
    if (!tenant) {
      const message = `There is no TenantControlPlane ${spec.tenantControlPlane} in this namespace.`;
      throw new ObstacleError({ reason: 'TenantNotFound', message });
    }
    const names = tenantNames(tenant, namespace);
    const awaited = awaitedContents(tenant, restores.list(), names.runtimeId);
    if (isAwaiting(awaited)) {
      const message = `TenantControlPlane ${spec.tenantControlPlane} waits for the contents of another archive.`;
      throw new ObstacleError({ reason: 'RestorePending', message });
    }
    const secret = secrets.get({ namespace, name: names.roots });
    if (!secret || !hasReached(tenant, 'PartitionReady')) {
      const message = `TenantControlPlane ${spec.tenantControlPlane} has no state yet.`;
      throw new ObstacleError({ reason: 'TenantPending', message });
    }
    const reading = readRoots(decodeData(secret));
    const isSame = reading.readable && rootsFingerprint(reading.roots) === tenant.status?.rootsFingerprint;
    if (!isSame) {
      const message = `The root keys of TenantControlPlane ${spec.tenantControlPlane} are not those that it was made with.`;
      throw new ObstacleError({ reason: 'RootsChanged', message });
    }
    const store = await storeOfTenant(tenant, this.dependencies);
    return { tenant, runtimeId: names.runtimeId, roots: reading.roots, ...store };
  }

  /** Archives that a restore is under way from: they stay for now, however old they are. */
  private restoredFrom(): ReadonlySet<string> {
    const underWay = this.dependencies.restores
      .list()
      .filter(({ status }) => !isTrue(status?.conditions, 'Ready'));
    return new Set(underWay.flatMap(({ status }) => status?.archive?.key ?? []));
  }

  private async deleteArchives(backup: TenantBackup, archives: readonly Archive[]): Promise<void> {
    if (archives.length === 0) return;
    const { storage } = storageOf(backup.spec.storage, this.dependencies);
    const { fence } = this.dependencies;
    for (const { key } of archives) await storage.delete(key, { fence });
  }

  /**
   * Whoever ended between an archive and its record left nothing but the archive. A storage that is not Ready is not waited for: most likely
   * there is none.
   */
  private async deleteUnrecorded(backup: TenantBackup): Promise<void> {
    const { storages, tenants, namespace, fence } = this.dependencies;
    const { metadata, spec } = backup;
    const tenant = tenants.get({ namespace: metadata?.namespace, name: spec.tenantControlPlane });
    const saved = new Set(runtimeIdsOf(backup));
    if (tenant) saved.add(tenantNames(tenant, namespace).runtimeId);
    if (!isTrue(storages.get({ name: spec.storage })?.status?.conditions, 'Ready')) return;
    const { storage } = storageOf(spec.storage, this.dependencies);
    const prefix = `${archivePrefix(metadata?.namespace ?? '')}${spec.tenantControlPlane}/`;
    for await (const { key } of storage.list(prefix)) {
      if (isArchiveOf(key, backup, saved)) await storage.delete(key, { fence });
    }
  }

  private async hold(backup: TenantBackup): Promise<TenantBackup> {
    const { client } = this.dependencies;
    return backup.spec.deletionPolicy === 'Delete'
      ? await addFinalizer(client, tenantBackups, backup, finalizer)
      : ((await removeFinalizer(client, tenantBackups, backup, finalizer)) ?? backup);
  }

  private async remove(backup: TenantBackup): Promise<Result> {
    const archives = backup.status?.archives ?? [];
    try {
      if (backup.spec.deletionPolicy === 'Delete') {
        await this.deleteArchives(backup, archives);
        await this.deleteUnrecorded(backup);
      }
    } catch (error: unknown) {
      return await this.report(backup, archives, { obstacle: obstacleOf(error) });
    }
    await removeFinalizer(this.dependencies.client, tenantBackups, backup, finalizer);
    return done;
  }

  private async remember(
    backup: TenantBackup,
    archives: readonly Archive[],
    lastScheduleTime: Date | undefined,
  ): Promise<TenantBackup> {
    await this.write(backup, archives, { lastScheduleTime });
    const { namespace, name = '' } = backup.metadata ?? {};
    return this.dependencies.backups.get({ namespace, name }) ?? backup;
  }

  private async write(backup: TenantBackup, archives: readonly Archive[], progress: Reported) {
    const { client, backups, clock } = this.dependencies;
    const status = buildBackupStatus(backup, { archives, ...progress }, clock.now());
    const target = { client, resource: tenantBackups, cache: backups, fieldManager: statusFieldManager };
    await applyStatus(target, backup, status);
    return status;
  }

  private async report(
    backup: TenantBackup,
    archives: readonly Archive[],
    progress: Reported,
  ): Promise<Result> {
    const { clock, events } = this.dependencies;
    const status = await this.write(backup, archives, progress);
    const before = findCondition(backup.status?.conditions, 'Ready');
    const after = findCondition(status.conditions, 'Ready');
    if (after && (after.reason !== before?.reason || after.status !== before.status)) {
      const type = after.status === 'True' ? 'Normal' : 'Warning';
      events.record(
        { ...backup, apiVersion: tenantBackups.apiVersion, kind: tenantBackups.kind },
        type,
        after.reason,
        after.message,
      );
    }
    const { obstacle, nextScheduleTime } = progress;
    if (obstacle?.cause !== undefined) throw new Error(obstacle.message, { cause: obstacle.cause });
    if (obstacle) return requeueAfter(patientMs, obstacle.reason);
    if (!nextScheduleTime) return done;
    const waitMs = nextScheduleTime.getTime() - clock.now().getTime();
    return requeueAfter(Math.min(Math.max(waitMs, 0), longestWaitMs), 'Schedule');
  }
}

interface Reported {
  readonly lastScheduleTime?: Date | undefined;
  readonly nextScheduleTime?: Date | undefined;
  readonly obstacle?: Obstacle;
}
