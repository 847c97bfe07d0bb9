import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { Logger } from 'nestjs-pino';
import { AppModule } from './app.module.ts';
import type { Environment } from './config/config.ts';
import { ENVIRONMENT } from './config/config.module.ts';

async function main(): Promise<void> {
  const app = await NestFactory.create(AppModule, { bufferLogs: true });
  app.useLogger(app.get(Logger));
  app.enableShutdownHooks();
  await app.listen(app.get<Environment>(ENVIRONMENT).MARINA_HTTP_PORT);
}

await main();
