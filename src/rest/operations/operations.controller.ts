import { Controller, Get, Param, Query } from '@nestjs/common';
import { z } from 'zod';
import type { StoredOperation } from '../../persistence/operations/operations.ts';
import { Operation } from '../openapi/operation.ts';
import { readParameter, readQuery } from '../read.ts';
import { OperationLog } from './operation-log.ts';

const tag = 'Operations';
const resource = 'operations';
const time = z.string().meta({ format: 'date-time' });
const operationId = z.uuid();

const operation = z
  .object({
    id: operationId,
    kind: z.enum(['Create', 'Change', 'Delete']),
    resource: z.string().describe('As in Kubernetes, e.g. `tenantcontrolplanes`.'),
    namespace: z.string(),
    name: z.string(),
    uid: z.string(),
    user: z.string().describe('Who asked for it.'),
    requestId: z.string(),
    state: z
      .enum(['Running', 'Succeeded', 'Superseded', 'Failed'])
      .describe('`Superseded`: it was changed again before this had arrived.'),
    message: z.string().optional().describe('What it waits for, or how it ended.'),
    startedAt: time,
    endedAt: time.optional().describe('When it was first seen to have ended.'),
  })
  .meta({ id: 'Operation' });

const operationPage = z
  .object({
    items: z.array(operation),
    cursor: z.string().optional().describe('Where the next page begins; left out on the last one.'),
  })
  .meta({ id: 'OperationPage' });

const pageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(100).default(50).describe('Items of one page at most.'),
  cursor: z
    .string()
    .regex(/^\d{1,18}$/)
    .optional()
    .describe('Where the page begins: of the one before.'),
});

/** What was begun over REST in the last 30 days. */
@Controller('v1')
export class OperationsController {
  private readonly operations: OperationLog;

  constructor(operations: OperationLog) {
    this.operations = operations;
  }

  @Get('operations')
  @Operation({
    id: 'listAllOperations',
    summary: 'List what was begun over REST, in all namespaces, the newest first',
    tag,
    permission: { verb: 'list', resource },
    query: pageQuery,
    answers: { 200: { description: 'One page.', schema: operationPage } },
  })
  async listAll(@Query() query: unknown): Promise<z.output<typeof operationPage>> {
    return await this.page(undefined, query);
  }

  @Get('namespaces/:namespace/operations')
  @Operation({
    id: 'listOperations',
    summary: 'List what was begun over REST in a namespace, the newest first',
    tag,
    permission: { verb: 'list', resource },
    query: pageQuery,
    answers: { 200: { description: 'One page.', schema: operationPage } },
  })
  async list(
    @Param('namespace') namespace: string,
    @Query() query: unknown,
  ): Promise<z.output<typeof operationPage>> {
    return await this.page(namespace, query);
  }

  @Get('namespaces/:namespace/operations/:operation')
  @Operation({
    id: 'getOperation',
    summary: 'Show how an operation stands',
    tag,
    permission: { verb: 'get', resource },
    params: { operation: operationId },
    answers: { 200: { description: 'It.', schema: operation } },
  })
  async get(
    @Param('namespace') namespace: string,
    @Param('operation') id: string,
  ): Promise<z.output<typeof operation>> {
    return show(await this.operations.get(namespace, readParameter(operationId, 'operation', id)));
  }

  private async page(namespace: string | undefined, query: unknown): Promise<z.output<typeof operationPage>> {
    const { limit, cursor } = readQuery(pageQuery, query);
    const { items, hasMore } = await this.operations.list({ namespace, before: cursor, limit });
    const last = hasMore ? items.at(-1) : undefined;
    return { items: items.map(show), ...(last && { cursor: last.sequence }) };
  }
}

function show(stored: StoredOperation): z.output<typeof operation> {
  const { id, kind, resource: about, namespace, name, uid, username, requestId, state } = stored;
  return {
    id,
    kind,
    resource: about,
    namespace,
    name,
    uid,
    user: username,
    requestId,
    state,
    ...(stored.message !== null && { message: stored.message }),
    startedAt: stored.startedAt.toISOString(),
    ...(stored.endedAt && { endedAt: stored.endedAt.toISOString() }),
  };
}
