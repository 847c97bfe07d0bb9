import {
  Body,
  Controller,
  Delete,
  Get,
  Headers,
  Inject,
  Param,
  Patch,
  Post,
  Query,
  Res,
  type Type,
} from '@nestjs/common';
import type { Response } from 'express';
import { z } from 'zod';
import type { ObjectRef } from '../../kube/resource.ts';
import { type Exchange, ExchangeOfRoute } from '../exchange.ts';
import { Operation } from '../openapi/operation.ts';
import { OperationLog } from '../operations/operation-log.ts';
import { readBody, readQuery } from '../read.ts';
import { RefOfRoute } from '../ref-of-route.ts';
import { untilClosed } from '../until-closed.ts';
import { type Collection, plural } from './collection.ts';
import { CustomResources } from './custom-resources.ts';
import { readIfMatch, requireIfMatch } from './if-match.ts';
import {
  createQuery,
  deleteQuery,
  ifMatch,
  pageQuery,
  readLastEventId,
  resume,
  watchEvent,
  watchQuery,
} from './parameters.ts';
import { type CustomResource, etagOf, type Page, type Shown, show, showPage } from './representation.ts';
import { Watches } from './watches.ts';

const etag = { ETag: 'Version of it, for `If-Match`.' };
const begun = { ...etag, 'Operation-Location': 'Where it says how it goes on.' };

/** Lists, shows and watches one kind. */
export function readableCollection(collection: Collection): Type<object> {
  const { kind, id, noun, path, schemas } = collection;
  const { plural: resource, namespaced } = kind.resource;
  const tag = tagOf(noun);
  const within = namespaced ? `namespaces/:namespace/${path}` : path;
  const stream = {
    200: {
      description: 'Changes as they come: events `added`, `modified`, `deleted`, `bookmark` and `reset`.',
      schema: watchEvent,
      types: ['text/event-stream'],
    },
  };

  @Controller('v1')
  class ReadableCollection {
    protected readonly resources: CustomResources;
    protected readonly watches: Watches;

    constructor(resources: CustomResources, watches: Watches) {
      this.resources = resources;
      this.watches = watches;
    }

    @Get(path)
    @Operation({
      id: `listAll${plural(id)}`,
      summary: `List the ${plural(noun)}${namespaced ? ' of all namespaces' : ''}`,
      tag,
      permission: { verb: 'list', resource },
      query: pageQuery,
      answers: { 200: { description: 'One page.', schema: schemas.page } },
    })
    async listAll(@Query() query: unknown): Promise<Page> {
      return showPage(await this.resources.list(collection, readQuery(pageQuery, query)));
    }

    @Get(`watch/${path}`)
    @Operation({
      id: `watchAll${plural(id)}`,
      summary: `Watch the ${plural(noun)}${namespaced ? ' of all namespaces' : ''}`,
      tag,
      permission: { verb: 'watch', resource },
      query: watchQuery,
      headers: resume,
      answers: stream,
    })
    async watchAll(
      @Query() query: unknown,
      @Headers('last-event-id') lastId: string | undefined,
      @Res() response: Response,
    ): Promise<void> {
      const last = readLastEventId(lastId);
      await this.watches.stream(collection, { ...readQuery(watchQuery, query), last }, response);
    }

    @Get(`${within}/:name`)
    @Operation({
      id: `get${id}`,
      summary: `Show one ${noun}`,
      tag,
      permission: { verb: 'get', resource },
      answers: { 200: { description: 'It.', schema: schemas.shown, headers: etag } },
    })
    async get(@RefOfRoute() ref: ObjectRef, @Res({ passthrough: true }) response: Response): Promise<Shown> {
      return answer(response, await this.resources.get(collection, ref));
    }
  }
  if (!namespaced) return ReadableCollection;

  @Controller('v1')
  class NamespacedCollection extends ReadableCollection {
    @Get(within)
    @Operation({
      id: `list${plural(id)}`,
      summary: `List the ${plural(noun)} of a namespace`,
      tag,
      permission: { verb: 'list', resource },
      query: pageQuery,
      answers: { 200: { description: 'One page.', schema: schemas.page } },
    })
    async list(@Param('namespace') namespace: string, @Query() query: unknown): Promise<Page> {
      return showPage(await this.resources.list(collection, { namespace, ...readQuery(pageQuery, query) }));
    }

    @Get(`watch/${within}`)
    @Operation({
      id: `watch${plural(id)}`,
      summary: `Watch the ${plural(noun)} of a namespace`,
      tag,
      permission: { verb: 'watch', resource },
      query: watchQuery,
      headers: resume,
      answers: stream,
    })
    async watch(
      @Param('namespace') namespace: string,
      @Query() query: unknown,
      @Headers('last-event-id') lastId: string | undefined,
      @Res() response: Response,
    ): Promise<void> {
      const { labelSelector } = readQuery(watchQuery, query);
      const last = readLastEventId(lastId);
      await this.watches.stream(collection, { namespace, labelSelector, last }, response);
    }
  }
  return NamespacedCollection;
}

/** Makes, changes and deletes one namespaced kind as well. */
export function writableCollection(collection: Collection): Type<object> {
  const { kind, id, noun, path, schemas } = collection;
  const { plural: resource } = kind.resource;
  const tag = tagOf(noun);
  const Readable = readableCollection(collection) as Type<{
    readonly resources: CustomResources;
    readonly watches: Watches;
  }>;

  @Controller('v1')
  class WritableCollection extends Readable {
    @Inject(OperationLog) readonly operations!: OperationLog;

    @Post(`namespaces/:namespace/${path}`)
    @Operation({
      id: `create${id}`,
      summary: `Make a ${noun}`,
      tag,
      permission: { verb: 'create', resource },
      query: createQuery,
      body: schemas.create,
      answers: {
        200: { description: 'It would be made (`dryRun`).', schema: schemas.shown, headers: etag },
        201: {
          description: 'It is made and, where `wait` was said, Ready.',
          schema: schemas.shown,
          headers: { ...begun, Location: 'Where it is.' },
        },
        202: {
          description: 'It is made, and was not Ready within `wait`.',
          schema: schemas.shown,
          headers: { ...begun, Location: 'Where it is.' },
        },
      },
    })
    async create(
      @Param('namespace') namespace: string,
      @Query() query: unknown,
      @Body() body: unknown,
      @ExchangeOfRoute() exchange: Exchange,
    ): Promise<Shown> {
      const { response } = exchange;
      const { dryRun, wait: seconds } = readQuery(createQuery, query);
      const made = await this.resources.create(collection, namespace, readBody(schemas.create, body), {
        dryRun,
      });
      if (dryRun) {
        response.status(200);
        return answer(response, made);
      }
      response.location(`/v1/namespaces/${namespace}/${path}/${made.metadata?.name}`);
      await this.operations.begin('Create', collection, made, exchange);
      if (seconds === 0) return answer(response, made);
      const { object, isDone } = await this.watches.until(collection, made, 'Ready', {
        seconds,
        signal: untilClosed(response),
      });
      if (!isDone) response.status(202);
      return answer(response, object);
    }

    @Patch(`namespaces/:namespace/${path}/:name`)
    @Operation({
      id: `patch${id}`,
      summary: `Change a ${noun}`,
      tag,
      permission: { verb: 'patch', resource },
      headers: z.object({ 'If-Match': ifMatch }),
      body: schemas.patch,
      bodyTypes: ['application/merge-patch+json', 'application/json'],
      answers: { 200: { description: 'As it is now.', schema: schemas.shown, headers: begun } },
    })
    async patch(
      @RefOfRoute() ref: ObjectRef,
      @Body() body: unknown,
      @ExchangeOfRoute() exchange: Exchange,
    ): Promise<Shown> {
      const version = requireIfMatch(exchange.request.headers['if-match']);
      const change = readBody(schemas.patch, body);
      const changed = await this.resources.patch(collection, ref, change, version);
      await this.operations.begin('Change', collection, changed, exchange);
      return answer(exchange.response, changed);
    }

    @Delete(`namespaces/:namespace/${path}/:name`)
    @Operation({
      id: `delete${id}`,
      summary: `Delete a ${noun}`,
      tag,
      permission: { verb: 'delete', resource },
      query: deleteQuery,
      headers: z.object({ 'If-Match': ifMatch.optional() }),
      answers: {
        200: { description: 'It is gone; as it was last.', schema: schemas.shown },
        202: { description: 'It is being deleted.', schema: schemas.shown, headers: begun },
      },
    })
    async delete(
      @RefOfRoute() ref: ObjectRef,
      @Query() query: unknown,
      @ExchangeOfRoute() exchange: Exchange,
    ): Promise<Shown> {
      const { request, response } = exchange;
      const { wait: seconds } = readQuery(deleteQuery, query);
      const left = await this.resources.delete(collection, ref, readIfMatch(request.headers['if-match']));
      await this.operations.begin('Delete', collection, left, exchange);
      response.status(202);
      if (seconds === 0) return answer(response, left);
      const { object, isDone } = await this.watches.until(collection, left, 'Gone', {
        seconds,
        signal: untilClosed(response),
      });
      if (!isDone) return answer(response, object);
      response.status(200);
      return show(object);
    }
  }
  return WritableCollection;
}

function tagOf(noun: string): string {
  return plural(`${noun.charAt(0).toUpperCase()}${noun.slice(1)}`);
}

function answer(response: Response, object: CustomResource): Shown {
  response.setHeader('ETag', etagOf(object));
  return show(object);
}
