import { Module } from '@nestjs/common';
import { ConfigModule } from './config/config.module.ts';
import { ControllerModule } from './controller/controller.module.ts';
import { ObservabilityModule } from './observability/observability.module.ts';
import { PersistenceModule } from './persistence/persistence.module.ts';
import { ApiModule } from './rest/api.module.ts';

/** The whole system on one screen, in the order in which its parts depend on one another. */
@Module({
  imports: [ConfigModule, ObservabilityModule, PersistenceModule, ControllerModule, ApiModule],
})
export class AppModule {}
