import { Controller, Get, Inject } from '@nestjs/common';
import { z } from 'zod';
import { OPENAPI_DOCUMENT } from '../tokens.ts';
import { Operation } from './operation.ts';

@Controller('v1')
export class OpenApiController {
  private readonly document: object;

  constructor(@Inject(OPENAPI_DOCUMENT) document: object) {
    this.document = document;
  }

  @Get('openapi.json')
  @Operation({
    id: 'getOpenApi',
    summary: 'This document',
    tag: 'API',
    permission: 'authenticated',
    answers: { 200: { description: 'OpenAPI 3.1.', schema: z.record(z.string(), z.unknown()) } },
  })
  get(): object {
    return this.document;
  }
}
