import { Global, Module } from '@nestjs/common';
import { LoggerModule } from 'nestjs-pino';
import type { Logger } from 'pino';
import { collectDefaultMetrics, Registry } from 'prom-client';
import type { Environment } from '../config/config.ts';
import { ENVIRONMENT } from '../config/config.module.ts';
import { createLogger } from './logger.ts';
import { MetricsController } from './metrics.controller.ts';

export const LOGGER = Symbol('Logger');

@Global()
@Module({
  imports: [
    LoggerModule.forRootAsync({
      inject: [LOGGER],
      useFactory: (logger: Logger) => ({ pinoHttp: { logger, autoLogging: false } }),
    }),
  ],
  controllers: [MetricsController],
  providers: [
    {
      provide: LOGGER,
      inject: [ENVIRONMENT],
      useFactory: (environment: Environment): Logger => createLogger(environment.MARINA_LOG_LEVEL),
    },
    {
      provide: Registry,
      useFactory: (): Registry => {
        const registry = new Registry();
        collectDefaultMetrics({ register: registry });
        return registry;
      },
    },
  ],
  exports: [LOGGER, Registry],
})
export class ObservabilityModule {}
