import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Logger } from 'pino';
import type { Environment } from '../config/config.ts';
import { ENVIRONMENT } from '../config/config.module.ts';
import { systemClock } from '../engine/clock.ts';
import type { KubeClient } from '../kube/client.ts';
import { connect } from '../kube/kubeconfig.ts';
import { LOGGER } from '../observability/observability.module.ts';
import type { ManagementDatabase } from '../persistence/management-database.ts';
import { MANAGEMENT_DATABASE } from '../persistence/persistence.module.ts';
import { restSettings } from './rest-settings.ts';
import { createRest, managementConnections } from './start.ts';

/** The `api` role: REST on a port of its own, by every replica. */
@Injectable()
export class ApiRole implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly environment: Environment;
  private readonly log: Logger;
  private readonly database: ManagementDatabase | undefined;
  private app: NestExpressApplication | undefined;
  private client: KubeClient | undefined;

  constructor(
    @Inject(ENVIRONMENT) environment: Environment,
    @Inject(LOGGER) log: Logger,
    @Inject(MANAGEMENT_DATABASE) database: ManagementDatabase | undefined,
  ) {
    this.environment = environment;
    this.log = log;
    this.database = database;
  }

  async onApplicationBootstrap(): Promise<void> {
    const { MARINA_API_PORT: port, KUBECONFIG: kubeconfigFile } = this.environment;
    const { database } = this;
    if (port === undefined || !database) return;
    this.client = await connect({
      ...(kubeconfigFile ? { kubeconfigFile } : { inCluster: true as const }),
      maxConnections: managementConnections,
    });
    this.app = await createRest({
      ...restSettings(this.environment),
      client: this.client,
      database,
      tenantsNamespace: this.environment.MARINA_TENANTS_NAMESPACE,
      usageRetention: {
        hourlyDays: this.environment.MARINA_USAGE_HOURLY_DAYS,
        days: this.environment.MARINA_USAGE_DAYS,
      },
      clock: systemClock,
      log: this.log,
    });
    await this.app.listen(port);
  }

  /** Answers what is under way, and takes nothing new. */
  async onApplicationShutdown(): Promise<void> {
    await this.app?.close();
    await this.client?.close();
  }
}
