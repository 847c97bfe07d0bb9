import { Global, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import type { Logger } from 'pino';
import { Gauge, Registry } from 'prom-client';
import type { Environment } from '../config/config.ts';
import { ENVIRONMENT } from '../config/config.module.ts';
import { systemClock, systemRandom } from '../engine/clock.ts';
import { LOGGER } from '../observability/observability.module.ts';
import { addressOf } from './address-of.ts';
import { type ManagementDatabase, openManagementDatabase } from './management-database.ts';

/** `ManagementDatabase`, or undefined where MARINA_DATABASE_URL names none. */
export const MANAGEMENT_DATABASE = Symbol('ManagementDatabase');

@Global()
@Module({
  providers: [
    {
      provide: MANAGEMENT_DATABASE,
      inject: [ENVIRONMENT, LOGGER, Registry],
      useFactory: async (
        environment: Environment,
        log: Logger,
        registry: Registry,
      ): Promise<ManagementDatabase | undefined> => {
        const address = addressOf(environment);
        if (!address) return undefined;
        const up = new Gauge({
          name: 'marina_management_database_up',
          help: 'Whether the management database answers, takes writes and has the schema of this build (0 or 1)',
          registers: [registry],
        });
        return await openManagementDatabase(address, {
          clock: systemClock,
          random: systemRandom,
          log,
          onAvailability: (isAvailable) => up.set(isAvailable ? 1 : 0),
          onRefusal: (error) => {
            log.fatal({ err: error }, error.message);
            // In order, as a start that fails at this: what is under way comes to its end.
            process.kill(process.pid, 'SIGTERM');
          },
        });
      },
    },
  ],
  exports: [MANAGEMENT_DATABASE],
})
export class PersistenceModule implements OnApplicationShutdown {
  private readonly database: ManagementDatabase | undefined;

  constructor(@Inject(MANAGEMENT_DATABASE) database: ManagementDatabase | undefined) {
    this.database = database;
  }

  /** Global modules come to their end last: those who write until then have done so. */
  async onApplicationShutdown(): Promise<void> {
    await this.database?.close();
  }
}
