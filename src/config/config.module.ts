import { Global, Module } from '@nestjs/common';
import { type Environment, loadEnvironment } from './config.ts';

export const ENVIRONMENT = Symbol('Environment');

@Global()
@Module({
  providers: [{ provide: ENVIRONMENT, useFactory: (): Environment => loadEnvironment(process.env) }],
  exports: [ENVIRONMENT],
})
export class ConfigModule {}
