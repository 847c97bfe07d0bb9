import { type DynamicModule, Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR } from '@nestjs/core';
import { type Clock, systemRandom } from '../engine/clock.ts';
import type { Log } from '../engine/log.ts';
import type { KubeClient } from '../kube/client.ts';
import { AuditArchive } from '../persistence/audit/audit-archive.ts';
import { AuditEntries } from '../persistence/audit/audit-entries.ts';
import { AuditWriter } from '../persistence/audit/audit-writer.ts';
import { IdempotencyKeys } from '../persistence/idempotency/idempotency-keys.ts';
import { Operations } from '../persistence/operations/operations.ts';
import type { ManagementDatabase } from '../persistence/management-database.ts';
import { UsageReport } from '../usage/store/usage-report.ts';
import { defaultRetention, type Retention } from '../usage/store/usage-rollup.ts';
import { AuditController } from './audit/audit.controller.ts';
import { AuditInterceptor } from './audit/audit.interceptor.ts';
import { AuditTrail } from './audit/audit-trail.ts';
import { AccessGuard } from './authorization/access.guard.ts';
import { AccessReviews } from './authorization/access-reviews.ts';
import { HistoryController } from './history/history.controller.ts';
import { HeldKeys } from './idempotency/held-keys.ts';
import { IdempotencyInterceptor } from './idempotency/idempotency.interceptor.ts';
import { JoinTokens } from './join-tokens/join-tokens.ts';
import { JoinTokensController } from './join-tokens/join-tokens.controller.ts';
import { Kubeconfigs } from './kubeconfigs/kubeconfigs.ts';
import { KubeconfigsController } from './kubeconfigs/kubeconfigs.controller.ts';
import { Logs } from './logs/logs.ts';
import { LogsController } from './logs/logs.controller.ts';
import { openApiDocument, routesOf } from './openapi/document.ts';
import { OpenApiController } from './openapi/openapi.controller.ts';
import { QueryGuard } from './openapi/query.guard.ts';
import { OperationLog } from './operations/operation-log.ts';
import { OperationsController } from './operations/operations.controller.ts';
import { ProblemFilter } from './problem/problem.filter.ts';
import { collectionControllers } from './resources/collections.ts';
import { CustomResources } from './resources/custom-resources.ts';
import { Watches } from './resources/watches.ts';
import { TenantAccess } from './tenant/tenant-access.ts';
import { Tidying } from './tidying.ts';
import { AcceptGuard } from './transport/accept.guard.ts';
import { UsageController } from './usage/usage.controller.ts';
import {
  AUDIT_WRITER,
  CLOCK,
  MANAGEMENT_CLIENT,
  OPENAPI_DOCUMENT,
  REST_LOG,
  TENANTS_NAMESPACE,
  USAGE_RETENTION,
} from './tokens.ts';

export interface RestSurroundings {
  /** The management cluster, as Marina. */
  readonly client: KubeClient;
  readonly database: ManagementDatabase;
  /** Where the control planes run. */
  readonly tenantsNamespace: string;
  /** How long usage is kept; default: as the configuration's. */
  readonly usageRetention?: Retention;
  readonly clock: Clock;
  readonly log: Log;
}

export const controllers = [
  ...collectionControllers,
  HistoryController,
  JoinTokensController,
  KubeconfigsController,
  LogsController,
  OperationsController,
  AuditController,
  UsageController,
  OpenApiController,
];

/** HTTP for people and machines. */
@Module({})
export class RestModule {
  static with({
    client,
    database,
    tenantsNamespace,
    usageRetention = defaultRetention,
    clock,
    log,
  }: RestSurroundings): DynamicModule {
    return {
      module: RestModule,
      controllers,
      providers: [
        { provide: MANAGEMENT_CLIENT, useValue: client },
        { provide: TENANTS_NAMESPACE, useValue: tenantsNamespace },
        { provide: CLOCK, useValue: clock },
        { provide: REST_LOG, useValue: log },
        { provide: OPENAPI_DOCUMENT, useFactory: () => openApiDocument(routesOf(controllers)) },
        { provide: AccessReviews, useFactory: () => new AccessReviews(client, clock) },
        { provide: AuditEntries, useFactory: () => new AuditEntries(database) },
        { provide: AuditArchive, useFactory: () => new AuditArchive(database) },
        {
          provide: AUDIT_WRITER,
          inject: [AuditEntries],
          useFactory: (entries: AuditEntries) =>
            new AuditWriter(entries, { clock, random: systemRandom, log }),
        },
        { provide: UsageReport, useFactory: () => new UsageReport(database) },
        { provide: USAGE_RETENTION, useValue: usageRetention },
        { provide: Operations, useFactory: () => new Operations(database) },
        { provide: IdempotencyKeys, useFactory: () => new IdempotencyKeys(database) },
        { provide: APP_GUARD, useClass: AccessGuard },
        { provide: APP_GUARD, useClass: AcceptGuard },
        { provide: APP_GUARD, useClass: QueryGuard },
        // In this order: what is answered again is written down as well.
        { provide: APP_INTERCEPTOR, useClass: AuditInterceptor },
        { provide: APP_INTERCEPTOR, useClass: IdempotencyInterceptor },
        { provide: APP_FILTER, useClass: ProblemFilter },
        AuditTrail,
        CustomResources,
        HeldKeys,
        JoinTokens,
        Kubeconfigs,
        Logs,
        OperationLog,
        TenantAccess,
        Tidying,
        Watches,
      ],
    };
  }
}
