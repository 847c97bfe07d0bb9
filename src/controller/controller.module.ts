import { Module } from '@nestjs/common';
import { ControllerRole } from './controller-role.ts';
import { HealthController } from './health.controller.ts';

@Module({
  controllers: [HealthController],
  providers: [ControllerRole],
})
export class ControllerModule {}
