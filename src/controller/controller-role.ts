import { randomBytes, randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import {
  Inject,
  Injectable,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleDestroy,
} from '@nestjs/common';
import type { Logger } from 'pino';
import { Gauge, Registry } from 'prom-client';
import type { Environment } from '../config/config.ts';
import { ENVIRONMENT } from '../config/config.module.ts';
import { systemClock } from '../engine/clock.ts';
import { EngineMetrics } from '../engine/metrics.ts';
import { connect } from '../kube/kubeconfig.ts';
import { LOGGER } from '../observability/observability.module.ts';
import type { ManagementDatabase } from '../persistence/management-database.ts';
import { MANAGEMENT_DATABASE } from '../persistence/persistence.module.ts';
import { warmUp } from '../pki/index.ts';
import { assemble, type Assembly, type UsageSettings } from './assemble.ts';
import { usageSettings } from './usage-settings.ts';

/** The `controller` role: caches for every replica, reconciling by the one that holds the Lease. */
@Injectable()
export class ControllerRole implements OnApplicationBootstrap, OnModuleDestroy, OnApplicationShutdown {
  private readonly environment: Environment;
  private readonly log: Logger;
  private readonly metrics: EngineMetrics;
  private readonly orphanedObjects: Gauge;
  private readonly usage: UsageSettings;
  private readonly stopping = new AbortController();
  private assembly: Assembly | undefined;
  private finished: Promise<void> = Promise.resolve();

  constructor(
    @Inject(ENVIRONMENT) environment: Environment,
    @Inject(LOGGER) log: Logger,
    registry: Registry,
    @Inject(MANAGEMENT_DATABASE) database: ManagementDatabase | undefined,
  ) {
    this.environment = environment;
    this.log = log;
    this.metrics = new EngineMetrics(registry);
    this.orphanedObjects = new Gauge({
      name: 'marina_orphaned_objects',
      help: 'Objects of control planes whose TenantControlPlane is gone (docs/runbooks/Orphaned.md)',
      registers: [registry],
    });
    this.usage = usageSettings(environment, database, registry);
  }

  /** The caches are filled. */
  get ready(): boolean {
    return this.assembly?.manager.ready ?? false;
  }

  async onApplicationBootstrap(): Promise<void> {
    const { environment, log, metrics } = this;
    await warmUp(systemClock.now(), randomBytes);
    const client = await connect({
      ...(environment.KUBECONFIG ? { kubeconfigFile: environment.KUBECONFIG } : { inCluster: true as const }),
      onRequest: metrics.onRequest,
    });
    const assembly = assemble({
      client,
      clock: systemClock,
      log,
      metrics,
      // A process that starts anew under the same name must not take the old one's Lease for its own.
      identity: `${environment.MARINA_IDENTITY ?? hostname()}_${randomUUID()}`,
      namespace: environment.MARINA_NAMESPACE,
      backupVolume: environment.MARINA_BACKUP_VOLUME,
      workers: environment.MARINA_WORKERS,
      usage: this.usage,
      onOrphans: (objects) => this.orphanedObjects.set(objects),
      controlPlanes: {
        namespace: environment.MARINA_TENANTS_NAMESPACE,
        nodePortAddress: environment.MARINA_NODE_ADDRESS,
        kineImage: environment.MARINA_KINE_IMAGE,
        resyncMs: environment.MARINA_RESYNC_SECONDS * 1000,
      },
    });
    this.assembly = assembly;
    this.finished = this.run(assembly, () => client.close());
  }

  /** Before anything is waited for: controllers stop while REST answers what is under way. */
  onModuleDestroy(): void {
    this.stopping.abort();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.finished;
  }

  private async run(assembly: Assembly, closeClient: () => Promise<void>): Promise<void> {
    try {
      await assembly.manager.run(this.stopping.signal);
    } catch (error: unknown) {
      // Work that does not stop in time may still write: only the end of the process is safe.
      this.log.fatal({ err: error }, 'the controller did not stop in time');
      // One that ends anyway does so when REST has, or is killed; until then the guard lets no write pass.
      if (!this.stopping.signal.aborted) process.exit(1);
      return;
    }
    await assembly.close();
    await closeClient();
  }
}
