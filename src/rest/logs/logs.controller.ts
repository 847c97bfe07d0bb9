import { Controller, Get, Header, Query, UseGuards } from '@nestjs/common';
import { z } from 'zod';
import type { ObjectRef } from '../../kube/resource.ts';
import { LogSlots } from '../limits/costly-slots.ts';
import { Operation } from '../openapi/operation.ts';
import { readQuery } from '../read.ts';
import { RefOfRoute } from '../ref-of-route.ts';
import { logged, Logs } from './logs.ts';

const logQuery = z.strictObject({
  component: z.enum(logged).default('kube-apiserver').describe('Which program.'),
  lines: z.coerce.number().int().min(1).max(5_000).default(200).describe('The last lines of each pod.'),
});

@Controller('v1/namespaces/:namespace/controlplanes/:name/logs')
@UseGuards(LogSlots)
export class LogsController {
  private readonly logs: Logs;

  constructor(logs: Logs) {
    this.logs = logs;
  }

  @Get()
  @Header('Content-Type', 'text/plain; charset=utf-8')
  @Header('Cache-Control', 'no-store')
  @Operation({
    id: 'getLogs',
    summary: 'Show what a program of a control plane has written last',
    tag: 'Control planes',
    permission: { verb: 'get', resource: 'tenantcontrolplanes/log' },
    query: logQuery,
    answers: { 200: { description: 'Lines, the oldest first.', schema: z.string(), types: ['text/plain'] } },
  })
  async get(@RefOfRoute() ref: ObjectRef, @Query() query: unknown): Promise<string> {
    return await this.logs.read(ref, readQuery(logQuery, query));
  }
}
