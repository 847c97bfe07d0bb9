import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { requestId } from './request-id.ts';
import { RestModule, type RestSurroundings } from './rest.module.ts';

const largestBody = '256kb';

/** The REST API, not listening yet. */
export async function createRest(surroundings: RestSurroundings): Promise<NestExpressApplication> {
  const app = await NestFactory.create<NestExpressApplication>(RestModule.with(surroundings), {
    bodyParser: false,
    logger: false,
  });
  app.disable('x-powered-by');
  app.set('etag', false);
  app.use(requestId);
  app.useBodyParser('json', {
    limit: largestBody,
    type: ['application/json', 'application/merge-patch+json'],
  });
  await app.init();
  return app;
}
