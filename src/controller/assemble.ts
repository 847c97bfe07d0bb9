import { OrphanWatch } from '../controlplane/orphans/watch.ts';
import type { ControlPlaneSettings } from '../controlplane/settings.ts';
import { startCapacity, StartGate } from '../controlplane/start-gate.ts';
import { TenantClients } from '../controlplane/tenant-clients.ts';
import type { BackupStorage } from '../api/v1alpha1/backup-storage.ts';
import { openBackupStorage } from '../backup/storage/open.ts';
import { BackupStoragePool, openStorage as openObjects } from '../backup/storage/pool.ts';
import { DataStoreConnections } from '../datastore/connections.ts';
import { openDataStore } from '../datastore/open.ts';
import { DataStorePool } from '../datastore/pool.ts';
import type { Clock } from '../engine/clock.ts';
import { LeaderElection } from '../engine/leader-election.ts';
import type { Log } from '../engine/log.ts';
import { Manager } from '../engine/manager.ts';
import { type Failpoints, noFailpoints } from '../engine/failpoints.ts';
import type { EngineMetrics } from '../engine/metrics.ts';
import type { KubeClient } from '../kube/client.ts';
import { EventRecorder } from '../kube/events.ts';
import { UsageSampler, type UsageSamplerOptions } from '../usage/usage-sampler.ts';
import { FencedKubeClient } from '../kube/fenced-client.ts';
import { managementFailpoints, tenantFailpoints } from './failpoint-clients.ts';
import { createTenantBackupController, createTenantRestoreController } from './backup-controllers.ts';
import { createClassController } from './class-controller.ts';
import { createBackupStorageController } from './backup-storage-controller.ts';
import { createCaches, ownedCaches } from './caches.ts';
import { createBudgetController } from './budget-controller.ts';
import {
  createKubeconfigTemplateController,
  createStrayAccessController,
  createTenantKubeconfigController,
} from './kubeconfig-controllers.ts';
import { createQuotaController } from './quota-controller.ts';
import { createMigrationController } from './migration-controller.ts';
import { ambient, createControlPlaneController, createDataStoreController } from './controllers.ts';

export interface AssembleOptions {
  /** The management cluster; closed by whoever opened it. */
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: EngineMetrics;
  /** Name of this process in the leader's Lease. */
  readonly identity: string;
  /** Marina's own namespace. */
  readonly namespace: string;
  readonly controlPlanes: ControlPlaneSettings;
  /** Where the volume for archives is mounted; nothing has to be there before a BackupStorage wants it. */
  readonly backupVolume: string;
  /** Control planes reconciled at once. */
  readonly workers: number;
  /** Told how many objects belong to no TenantControlPlane any more. */
  readonly onOrphans?: (objects: number) => void;
  /** Left out: usage is not counted. */
  readonly usage?: UsageSettings;
  /** For tests. */
  readonly failpoints?: Failpoints;
}

export type UsageSettings = Pick<
  UsageSamplerOptions,
  'store' | 'rollUp' | 'metrics' | 'everyMs' | 'requestsEveryMs'
>;

export interface Assembly {
  readonly manager: Manager;
  /** After `manager.run` has ended: sends the last Events and drops every connection. */
  readonly close: () => Promise<void>;
}

/** Everything that one replica of the controller consists of, wired and not yet started. */
export function assemble(options: AssembleOptions): Assembly {
  const { client, clock, log, metrics, identity, namespace, controlPlanes } = options;
  const failpoints = options.failpoints ?? noFailpoints;
  const election = new LeaderElection({
    client: managementFailpoints(client, failpoints),
    namespace,
    name: 'marina-controller',
    identity,
    clock,
    log,
    metrics,
  });
  // Outside the fence: what is held up at a failpoint for longer than the lease finds the fence shut.
  const fenced = managementFailpoints(new FencedKubeClient(client, election.guard), failpoints);
  const caches = createCaches({
    client,
    clock,
    log,
    metrics,
    namespace,
    tenantsNamespace: controlPlanes.namespace,
  });
  const pool = new DataStorePool((connection) => openDataStore(connection, failpoints));
  const connections = new DataStoreConnections(caches.storeSecrets, namespace, pool, clock);
  const storagePool = new BackupStoragePool((location) => openObjects(location, failpoints));
  const storageSettings = { namespace, volumeDirectory: options.backupVolume, pool: storagePool };
  const openStorage = (storage: BackupStorage) =>
    openBackupStorage(storage, caches.storageSecrets, storageSettings);
  const tenantClients = new TenantClients(
    clock,
    election.guard,
    (tenant) => tenantFailpoints(tenant, failpoints),
    { onRequest: metrics.onTenantRequest },
  );
  const events = new EventRecorder({ client: fenced, clock, log, component: 'marina', instance: identity });

  const fence = () => election.guard.assertHeld();
  const shared = { client: fenced, connections, fence, clock, ...ambient };
  const engine = { clock, log, metrics };
  const gate = new StartGate({
    capacity: () => startCapacity(caches.nodes.list()),
    wake: (key) => controlPlaneController.enqueue(key),
    clock,
  });
  const controlPlaneController = createControlPlaneController(
    { ...shared, caches, tenantClients, events, gate, settings: controlPlanes },
    caches,
    { ...engine, workers: options.workers },
  );
  const backing = { ...shared, events, namespace: controlPlanes.namespace };
  const controllers = [
    createDataStoreController({ ...shared, events, pool, dataStores: caches.dataStores }, caches, engine),
    controlPlaneController,
    createClassController({ client: fenced, events, clock }, caches, engine),
    createQuotaController({ client: fenced }, caches, engine),
    createMigrationController(backing, caches, engine),
    createBudgetController({ ...shared, events, tenantClients, settings: controlPlanes }, caches, engine),
    createTenantBackupController({ ...backing, openStorage }, caches, engine),
    createTenantRestoreController({ ...backing, openStorage }, caches, engine),
    createBackupStorageController({ ...shared, events, openStorage, pool: storagePool }, caches, engine),
    createTenantKubeconfigController(
      { ...shared, events, tenantClients, settings: controlPlanes },
      caches,
      engine,
    ),
    createKubeconfigTemplateController(shared, caches, engine),
    createStrayAccessController({ events, tenantClients, settings: controlPlanes }, caches, engine),
    new OrphanWatch({
      tenants: caches.tenants,
      owned: ownedCaches(caches),
      events,
      clock,
      log,
      report: options.onOrphans,
    }),
    ...(options.usage
      ? [
          new UsageSampler({
            client,
            caches,
            tenantClients,
            settings: controlPlanes,
            clock,
            log,
            ...options.usage,
          }),
        ]
      : []),
  ];
  return {
    manager: new Manager({ informers: Object.values(caches), controllers, election, clock, log }),
    close: async () => {
      await events.flush();
      await Promise.all([tenantClients.close(), pool.close(), storagePool.close()]);
    },
  };
}
