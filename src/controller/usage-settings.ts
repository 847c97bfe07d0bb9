import type { Registry } from 'prom-client';
import type { Environment } from '../config/config.ts';
import type { ManagementDatabase } from '../persistence/management-database.ts';
import { forgetfulStore } from '../usage/changes.ts';
import { UsageRecords } from '../usage/store/usage-records.ts';
import { UsageRollup } from '../usage/store/usage-rollup.ts';
import { UsageMetrics } from '../usage/usage-metrics.ts';
import type { UsageSettings } from './assemble.ts';

/** Without a management database usage is in the metrics of the leader, and nowhere else. */
export function usageSettings(
  environment: Environment,
  database: ManagementDatabase | undefined,
  registry: Registry,
): UsageSettings {
  const rollup =
    database &&
    new UsageRollup(database, {
      hourlyDays: environment.MARINA_USAGE_HOURLY_DAYS,
      days: environment.MARINA_USAGE_DAYS,
    });
  return {
    store: database ? new UsageRecords(database) : forgetfulStore,
    ...(rollup && { rollUp: (now: Date) => rollup.step(now) }),
    metrics: new UsageMetrics(registry),
    everyMs: environment.MARINA_USAGE_SECONDS * 1000,
    requestsEveryMs: environment.MARINA_USAGE_REQUESTS_SECONDS * 1000,
  };
}
