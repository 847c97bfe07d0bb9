import { type BackupStorage, backupStorages } from '../../api/v1alpha1/backup-storage.ts';
import { statusFieldManager } from '../../api/v1alpha1/field-managers.ts';
import type { Clock } from '../../engine/clock.ts';
import { done, requeueAfter, type Result } from '../../engine/result.ts';
import { recordReadiness } from '../record-readiness.ts';
import { applyStatus } from '../../kube/apply-status.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { EventRecorder } from '../../kube/events.ts';
import type { Informer } from '../../kube/informer.ts';
import { refOfKey } from '../../kube/resource.ts';
import { inspectEncryption, type Restorability } from './encryption.ts';
import { BackupStorageError } from './errors.ts';
import type { OpenedBackupStorage } from './open.ts';
import type { BackupStoragePool } from './pool.ts';
import { buildBackupStorageStatus, type Problem } from './status.ts';
import type { ObjectStorage } from './storage.ts';

export interface BackupStorageReconcilerDependencies {
  readonly client: KubeClient;
  readonly storages: Pick<Informer<BackupStorage>, 'get' | 'remember'>;
  readonly openStorage: (storage: BackupStorage) => OpenedBackupStorage;
  readonly pool: Pick<BackupStoragePool, 'release'>;
  readonly events: Pick<EventRecorder, 'record'>;
  /** The leader’s fence. */
  readonly fence: () => void;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
}

/** Milliseconds between two looks at a storage that is well, and at one that is not. */
const intervalMs = { well: 5 * 60_000, unwell: 30_000 } as const;
/** Milliseconds that a check may take. */
const patienceMs = 60_000;

/** Says whether archives can be kept in each BackupStorage, and read again. */
export class BackupStorageReconciler {
  private readonly dependencies: BackupStorageReconcilerDependencies;
  /** Checks under way: a network file system that hangs holds a thread, and is not asked twice. */
  private readonly checks = new Map<ObjectStorage, Promise<void>>();

  constructor(dependencies: BackupStorageReconcilerDependencies) {
    this.dependencies = dependencies;
  }

  async reconcile(key: string): Promise<Result> {
    const { storages, openStorage, pool, random } = this.dependencies;
    const object = storages.get(refOfKey(key));
    if (!object) {
      pool.release(key);
      return done;
    }
    const opened = openStorage(object);
    const found = opened.ok ? await this.inspect(opened) : opened;
    await this.writeStatus(object, found);
    // The Secret brings it back.
    if (!opened.ok) return done;
    const interval = typeof found === 'string' ? intervalMs.well : intervalMs.unwell;
    return requeueAfter(interval * (0.9 + 0.2 * random()), 'StorageCheck');
  }

  private async inspect({
    storage,
    recipients,
    identity,
  }: Extract<OpenedBackupStorage, { ok: true }>): Promise<Restorability | Problem> {
    const encryption = await inspectEncryption(recipients, identity);
    if (typeof encryption !== 'string') return encryption;
    try {
      await this.inTime(this.check(storage));
      return encryption;
    } catch (error: unknown) {
      if (!(error instanceof BackupStorageError)) throw error;
      return { reason: `BackupStorage${error.code}`, message: error.message };
    }
  }

  private check(storage: ObjectStorage): Promise<void> {
    const present = this.checks.get(storage);
    if (present) return present;
    this.dependencies.fence();
    const check = storage.check().finally(() => this.checks.delete(storage));
    this.checks.set(storage, check);
    return check;
  }

  private async inTime(check: Promise<void>): Promise<void> {
    const { promise: late, reject } = Promise.withResolvers<never>();
    const cancel = this.dependencies.clock.after(patienceMs, () => {
      const message = `the storage does not answer within ${patienceMs / 1000} seconds`;
      reject(new BackupStorageError('Unreachable', 'check', message));
    });
    try {
      await Promise.race([check, late]);
    } finally {
      cancel();
    }
  }

  private async writeStatus(object: BackupStorage, found: Restorability | Problem): Promise<void> {
    const { client, clock, storages, events } = this.dependencies;
    const facts = { now: clock.now(), generation: object.metadata?.generation };
    const problem = typeof found === 'string' ? found : { reason: found.reason, message: found.message };
    const status = buildBackupStorageStatus(object.status, problem, facts);
    const target = { client, resource: backupStorages, cache: storages, fieldManager: statusFieldManager };
    if (await applyStatus(target, object, status)) recordReadiness(events, backupStorages, object, status);
  }
}
