import { randomBytes } from 'node:crypto';
import {
  type TenantBackup,
  tenantBackups,
  type TenantBackupSpec,
} from '../../src/api/v1alpha1/tenant-backup.ts';
import {
  type Migration,
  type TenantControlPlane,
  tenantControlPlanes,
} from '../../src/api/v1alpha1/tenant-control-plane.ts';
import { tenantRestores, type TenantRestoreSpec } from '../../src/api/v1alpha1/tenant-restore.ts';
import { findCondition } from '../../src/engine/conditions.ts';
import type { KubeObject, Resource } from '../../src/kube/resource.ts';
import { configMaps } from '../../src/kube/resources.ts';
import { type KeptData, startKeptData, type StorageName, type StoreName } from './kept-data.ts';
import { type ManagementCluster, startManagementCluster } from './management-cluster.ts';
import { onMachine } from './process-kubelet.ts';
import { aTenant } from './tenant.ts';
import { waitUntil } from './wait-until.ts';

/** Milliseconds of patience with a Marina that is killed again and again. */
const patienceMs = 300_000;
const namespace = 'team-a';

/** A management cluster with two DataStores, `default` (etcd) and `postgres`, and two BackupStorages; nobody leads yet. */
export async function startDataWorld(): Promise<DataWorld> {
  await using started = new AsyncDisposableStack();
  const cluster = started.use(await startManagementCluster());
  const kept = started.use(await startKeptData(cluster));
  await cluster.startMachine({ processes: ['kube-apiserver', 'kine'] });
  return new DataWorld(cluster, kept, started.move());
}

/** What a user does with the state of tenants. Each step resolves when it is done as far as the user can see. */
export class DataWorld implements AsyncDisposable {
  readonly cluster: ManagementCluster;
  readonly kept: KeptData;
  private readonly started: AsyncDisposable;

  constructor(cluster: ManagementCluster, kept: KeptData, started: AsyncDisposable) {
    this.cluster = cluster;
    this.kept = kept;
    this.started = started;
  }

  async born(name: string): Promise<TenantControlPlane> {
    await this.cluster.create(aTenant(onMachine, { name, namespace }));
    return await this.ready(name);
  }

  ready(name: string): Promise<TenantControlPlane> {
    return this.where(tenantControlPlanes, name, 'is Ready', isReady);
  }

  /**
   * `count` ConfigMaps of 0.9 MB each that do not compress much: one is a transaction of a store, 5 are pages of a snapshot, 14 an upload in
   * parts.
   */
  async fill(tenant: TenantControlPlane, count: number): Promise<void> {
    const kube = await this.cluster.adminOf(tenant);
    try {
      for (let number = 0; number < count; number += 1) {
        const metadata = { namespace: 'default', name: `filling-${number}` };
        await kube.create(configMaps, {
          metadata,
          data: { filling: randomBytes(675_000).toString('base64') },
        });
      }
    } finally {
      await kube.close();
    }
  }

  async move(name: string, dataStore: StoreName): Promise<Migration> {
    await this.patch(name, { spec: { dataStore } });
    const moved = await this.where(
      tenantControlPlanes,
      name,
      `is on ${dataStore}`,
      ({ status }) => status?.migration?.to === dataStore && status.migration.phase === 'Complete',
    );
    await this.ready(name);
    return moved.status?.migration as Migration;
  }

  /** Lets the partition of before a move go. */
  async discard(name: string, dataStore: StoreName): Promise<void> {
    await this.patch(name, {
      metadata: { annotations: { 'marina.dev/discard-previous-partition': dataStore } },
    });
    await this.where(tenantControlPlanes, name, 'has one partition', ({ status }) => !status?.migration);
  }

  /** Of `demo`; its archives go with it. */
  async backup(name: string, storage: StorageName): Promise<TenantBackup> {
    const spec: Partial<TenantBackupSpec> = { tenantControlPlane: 'demo', storage, deletionPolicy: 'Delete' };
    return await this.done(tenantBackups, name, spec);
  }

  /** Resolves when the tenant serves what was restored, and nothing holds the restore any more. */
  async restore(
    name: string,
    spec: Pick<TenantRestoreSpec, 'source' | 'tenantControlPlane'> & Partial<TenantRestoreSpec>,
  ): Promise<TenantControlPlane> {
    const { metadata } = await this.done(tenantRestores, name, spec);
    const tenant = await this.where(
      tenantControlPlanes,
      spec.tenantControlPlane,
      `shows what ${name} brought`,
      (live) => live.status?.restoredBy === metadata?.uid && isReady(live),
    );
    const isLetGo = (restore: KubeObject) => !restore.metadata?.finalizers?.length;
    await this.where(tenantRestores, name, 'is let go of', isLetGo);
    return tenant;
  }

  async remove<T extends KubeObject>(resource: Resource<T>, name: string): Promise<void> {
    const ref = { namespace, name };
    await this.cluster.client.delete(resource, ref);
    const isGone = async () => (await this.cluster.client.get(resource, ref)) === undefined;
    await waitUntil(`${resource.kind} ${name} is gone`, isGone, patienceMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.started[Symbol.asyncDispose]();
  }

  private async patch(name: string, body: object): Promise<void> {
    await this.cluster.client.patch(tenantControlPlanes, { namespace, name }, { type: 'merge', body });
  }

  /** Makes it, and waits until it is Ready. */
  private async done<T extends KubeObject & Conditioned>(
    resource: Resource<T>,
    name: string,
    spec: object,
  ): Promise<T> {
    await this.cluster.client.create(resource, { metadata: { namespace, name }, spec } as unknown as T);
    return await this.where(resource, name, 'is Ready', isReady);
  }

  private async where<T extends KubeObject & Conditioned>(
    resource: Resource<T>,
    name: string,
    what: string,
    accept: (object: T) => boolean,
  ): Promise<T> {
    let live: T | undefined;
    const ask = async () => {
      live = await this.cluster.client.get(resource, { namespace, name });
      return live && accept(live) && live;
    };
    return await waitUntil(`${resource.kind} ${name} ${what}`, ask, patienceMs).catch((cause: unknown) => {
      throw new Error(`${String(cause)}\n${JSON.stringify(live?.status, null, 1)}`, { cause });
    });
  }
}

interface Conditioned {
  readonly status?: Pick<NonNullable<TenantControlPlane['status']>, 'conditions'> | undefined;
}

/** As its specification is now. */
function isReady({ metadata, status }: KubeObject & Conditioned): boolean {
  const ready = findCondition(status?.conditions, 'Ready');
  return ready?.status === 'True' && ready.observedGeneration === metadata?.generation;
}
