import type { DataStore } from '../api/v1alpha1/data-store.ts';
import {
  type Migration,
  type TenantControlPlane,
  tenantControlPlanes,
} from '../api/v1alpha1/tenant-control-plane.ts';
import type { TenantRestore } from '../api/v1alpha1/tenant-restore.ts';
import { fieldManager } from '../api/v1alpha1/field-managers.ts';
import { openDriver } from '../controlplane/datastore-access/open-driver.ts';
import { accessTo } from '../controlplane/datastore-access/store-of.ts';
import { annotations, tenantNames } from '../controlplane/names.ts';
import { patchStatus } from '../controlplane/patch-status.ts';
import { awaitedContents, isAwaiting } from '../controlplane/restore/awaited.ts';
import { fenceOf, TenantGone } from '../controlplane/still-there.ts';
import type { DataStoreConnections } from '../datastore/connections.ts';
import type { DataStoreDriver } from '../datastore/driver.ts';
import { DataStoreError } from '../datastore/errors.ts';
import type { Clock } from '../engine/clock.ts';
import type { ReconcileContext } from '../engine/controller.ts';
import { done, requeueAfter, type Result } from '../engine/result.ts';
import type { KubeClient } from '../kube/client.ts';
import { isKubeError } from '../kube/errors.ts';
import type { EventRecorder } from '../kube/events.ts';
import type { Informer } from '../kube/informer.ts';
import { refOf, refOfKey } from '../kube/resource.ts';
import { toTime } from '../kube/time.ts';
import { copy, finish, type Move } from './move.ts';
import { type MigrationStep, planMigration } from './plan.ts';

/** Milliseconds that a tenant is kept read-only for before it is let go on and the move begun again. */
const longestReadOnlyMs = 30_000;
/** Milliseconds until a move that waits for a restore looks again. */
const restorePollMs = 5_000;

export interface MigrationDependencies {
  /** Every write passes the leader's fence. */
  readonly client: KubeClient;
  readonly tenants: Informer<TenantControlPlane>;
  readonly restores: Informer<TenantRestore>;
  readonly dataStores: Informer<DataStore>;
  readonly connections: DataStoreConnections;
  /** Where control planes run. */
  readonly namespace: string;
  readonly events: EventRecorder;
  readonly fence: () => void;
  readonly clock: Clock;
}

type Phased<Do extends MigrationStep['do']> = Extract<MigrationStep, { readonly do: Do }>;

/**
 * Moves the state of control planes from one DataStore to another. Each phase is in the status before what it means is done, so that whoever comes after a
 * crash goes on from there; until `Switched` the source is what counts, and afterwards it is kept.
 */
export class MigrationReconciler {
  private readonly dependencies: MigrationDependencies;

  constructor(dependencies: MigrationDependencies) {
    this.dependencies = dependencies;
  }

  async reconcile(key: string, context: ReconcileContext): Promise<Result> {
    const { client, tenants } = this.dependencies;
    const cached = tenants.get(refOfKey(key));
    if (!cached || planMigration(cached).do === 'nothing') return done;
    // Live: a cache that is behind would have a store overwritten or removed that counts by now.
    const tenant = await client.get(tenantControlPlanes, refOfKey(key));
    if (!tenant) return done;
    tenants.remember(tenant);
    const step = planMigration(tenant);
    if (step.do === 'nothing') return done;
    if (step.do === 'begin' && this.isAwaitingContents(tenant))
      return requeueAfter(restorePollMs, 'RestorePending');
    try {
      await this.take(step, tenant, context);
      return done;
    } catch (error: unknown) {
      // The status was written meanwhile; its event brings the tenant back.
      if (isKubeError(error, 'Conflict')) return requeueAfter(200, 'CacheBehind');
      if (error instanceof TenantGone) return done;
      if (!(error instanceof DataStoreError) || step.do === 'begin') throw error;
      await this.holdUp(step.migration, tenant, error);
      throw error;
    }
  }

  /** A restore writes where the control plane is: it comes to its end first. One that comes after the beginning waits for the switch. */
  private isAwaitingContents(tenant: TenantControlPlane): boolean {
    const { restores, namespace } = this.dependencies;
    const { runtimeId } = tenantNames(tenant, namespace);
    return isAwaiting(awaitedContents(tenant, restores.list(), runtimeId));
  }

  private async take(
    step: Exclude<MigrationStep, { do: 'nothing' }>,
    tenant: TenantControlPlane,
    context: ReconcileContext,
  ) {
    switch (step.do) {
      case 'begin':
        return await this.begin(step, tenant);
      case 'copy':
        return await this.copy(step, tenant, context);
      case 'switch':
        return await this.switchOver(step, tenant, context);
      case 'complete':
        return await this.complete(step, tenant);
      case 'abort':
        return await this.abort(step, tenant);
      case 'discard':
        return await this.discard(step, tenant);
      case 'wait':
        return await this.write(tenant, { ...step.migration, message: step.message });
    }
  }

  private async begin({ from, to }: Phased<'begin'>, tenant: TenantControlPlane): Promise<void> {
    const startedAt = this.time();
    await this.write(await this.forgetDiscard(tenant), {
      from,
      to,
      phase: 'Copying',
      startedAt,
      message: 'The cluster goes on meanwhile.',
    });
    this.tell(tenant, 'Normal', 'Migrating', `Moves from DataStore ${from} to ${to}.`);
  }

  private async copy(
    { migration }: Phased<'copy'>,
    tenant: TenantControlPlane,
    { signal }: ReconcileContext,
  ): Promise<void> {
    const move = await this.move(migration, tenant, signal);
    // An earlier attempt may have left it read-only.
    await move.source.ensurePartition(move.id, {
      access: accessTo(tenant, migration.from),
      fence: move.fence,
    });
    // Before it is true, so that whoever gives the move up knows where to clear away.
    const begun: Migration = { ...migration, hasTarget: true };
    const current = migration.hasTarget ? tenant : await this.write(tenant, begun);
    await copy(move);
    await this.write(current, {
      ...begun,
      phase: 'ReadOnly',
      readOnlySince: this.time(),
      message: 'Nothing can be written for a moment.',
    });
  }

  private async switchOver(
    { migration }: Phased<'switch'>,
    tenant: TenantControlPlane,
    { signal, log }: ReconcileContext,
  ) {
    const { clock } = this.dependencies;
    const move = await this.move(migration, tenant, signal);
    await move.source.ensurePartition(move.id, { access: 'ReadOnly', fence: move.fence });
    const { entries, sha256: contentSha256 } = await finish(move);
    log.info({ from: migration.from, to: migration.to, entries }, 'moved a tenant');
    const { message: _, ...rest } = migration;
    const switched: Migration = {
      ...rest,
      phase: 'Switched',
      entries,
      contentSha256,
      switchedAt: this.time(),
    };
    await this.write(tenant, switched, migration.to);
    const since = Date.parse(migration.readOnlySince ?? clock.now().toISOString());
    const ms = clock.now().getTime() - since;
    this.tell(
      tenant,
      'Normal',
      'Switched',
      `${entries} keys are the same in DataStore ${migration.to}, after ${ms} ms read-only; pods on it are starting.`,
    );
  }

  private async complete({ migration }: Phased<'complete'>, tenant: TenantControlPlane): Promise<void> {
    const { clock } = this.dependencies;
    const readOnlySince = Date.parse(migration.readOnlySince ?? this.time());
    const readOnlyMilliseconds = Math.max(0, clock.now().getTime() - readOnlySince);
    await this.write(tenant, {
      ...migration,
      phase: 'Complete',
      completedAt: this.time(),
      readOnlyMilliseconds,
    });
    this.tell(
      tenant,
      'Normal',
      'Migrated',
      `Runs on DataStore ${migration.to}. The partition in ${migration.from} is kept.`,
    );
  }

  private async abort({ migration }: Phased<'abort'>, tenant: TenantControlPlane): Promise<void> {
    const { namespace } = this.dependencies;
    const id = tenantNames(tenant, namespace).runtimeId;
    if (migration.phase === 'ReadOnly') {
      // The tenant comes first; whether the target can be cleared away is another matter.
      await this.letGo(migration, tenant);
      return;
    }
    if (migration.hasTarget) {
      this.requireTwoStores(migration);
      const target = await this.driver(migration.to);
      await target.deletePartition(id, { fence: this.fenceOf(tenant) });
    }
    await this.write(tenant, null);
    this.tell(tenant, 'Normal', 'MigrationAborted', `Stays on DataStore ${migration.from}.`);
  }

  /** Writable again, and copied anew if that is still wanted. */
  private async letGo(
    { readOnlySince: _, ...migration }: Migration,
    tenant: TenantControlPlane,
    message?: string,
  ): Promise<void> {
    const copying: Migration = { ...migration, phase: 'Copying', ...(message !== undefined && { message }) };
    const current = await this.write(tenant, copying);
    const source = await this.driver(migration.from);
    const id = tenantNames(tenant, this.dependencies.namespace).runtimeId;
    await source.ensurePartition(id, {
      access: accessTo(current, migration.from),
      fence: this.fenceOf(tenant),
    });
  }

  private async discard({ migration }: Phased<'discard'>, tenant: TenantControlPlane): Promise<void> {
    this.requireTwoStores(migration);
    const source = await this.driver(migration.from);
    const id = tenantNames(tenant, this.dependencies.namespace).runtimeId;
    await source.deletePartition(id, { fence: this.fenceOf(tenant) });
    // First: without the annotation nobody would know that it was to go.
    const current = await this.write(tenant, null);
    this.tell(
      tenant,
      'Normal',
      'PartitionDiscarded',
      `Nothing of it is left in DataStore ${migration.from}.`,
    );
    await this.forgetDiscard(current);
  }

  /** It was said for the partition of one move, not for those of moves to come. */
  private async forgetDiscard(tenant: TenantControlPlane): Promise<TenantControlPlane> {
    const { client } = this.dependencies;
    const { uid, annotations: said } = tenant.metadata ?? {};
    if (said?.[annotations.discardPartition] === undefined) return tenant;
    const body = { metadata: { uid, annotations: { [annotations.discardPartition]: null } } };
    return await client.patch(tenantControlPlanes, refOf(tenant), { type: 'merge', body }, { fieldManager });
  }

  /** Says what is in the way. A tenant is not kept read-only for it. */
  private async holdUp(
    migration: Migration,
    tenant: TenantControlPlane,
    { message }: DataStoreError,
  ): Promise<void> {
    const readOnlyMs =
      this.dependencies.clock.now().getTime() - Date.parse(migration.readOnlySince ?? this.time());
    if (migration.phase === 'ReadOnly' && readOnlyMs > longestReadOnlyMs) {
      await this.letGo(migration, tenant, message);
      return;
    }
    if (migration.message !== message) await this.write(tenant, { ...migration, message });
  }

  private async move(migration: Migration, tenant: TenantControlPlane, signal: AbortSignal): Promise<Move> {
    const { runtimeId: id } = tenantNames(tenant, this.dependencies.namespace);
    const [source, target] = await Promise.all([this.driver(migration.from), this.driver(migration.to)]);
    this.requireTwoStores(migration);
    return { id, source, target, fence: this.fenceOf(tenant), signal };
  }

  /** Two names of one store: what is removed from the one would be gone from the other. */
  private requireTwoStores({ from, to }: Migration): void {
    const { dataStores } = this.dependencies;
    const [one, other] = [from, to].map((name) => dataStores.get({ name })?.status?.storeId);
    if (one !== undefined && other !== undefined && one !== other) return;
    const why =
      one === other && one !== undefined ? 'they are the same store' : 'it is not known yet who they are';
    throw new DataStoreError('Unsupported', `move from DataStore ${from} to ${to}`, why);
  }

  private fenceOf(tenant: TenantControlPlane): () => void {
    const { tenants, fence } = this.dependencies;
    return fenceOf(tenant, tenants, fence);
  }

  private async driver(name: string): Promise<DataStoreDriver> {
    return await openDriver(name, this.dependencies);
  }

  /** `null`: there is none any more. */
  private async write(
    tenant: TenantControlPlane,
    migration: Migration | null,
    dataStore?: string,
  ): Promise<TenantControlPlane> {
    const absent = {
      message: null,
      readOnlySince: null,
      completedAt: null,
      readOnlyMilliseconds: null,
      switchedAt: null,
    };
    const status = { migration: migration && { ...absent, ...migration }, ...(dataStore && { dataStore }) };
    return await patchStatus(tenant, status, this.dependencies);
  }

  private tell(
    tenant: TenantControlPlane,
    type: 'Normal' | 'Warning',
    reason: string,
    message: string,
  ): void {
    const { apiVersion, kind } = tenantControlPlanes;
    this.dependencies.events.record({ ...tenant, apiVersion, kind }, type, reason, message);
  }

  private time(): string {
    return toTime(this.dependencies.clock.now());
  }
}
