import { RequestMethod, type Type } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { MetadataScanner } from '@nestjs/core';
import { z } from 'zod';
import {
  createDocument,
  type ZodOpenApiOperationObject,
  type ZodOpenApiPathsObject,
  type ZodOpenApiResponseObject,
} from 'zod-openapi';
import { keyPattern } from '../idempotency/keyed-request.ts';
import { problem, titleOf } from '../problem/problem.ts';
import { type Answer, operationOf, type OperationOptions } from './operation.ts';

const version = 'v1';

const pathNames: Readonly<Record<string, z.ZodType>> = {
  namespace: z
    .string()
    .min(1)
    .max(63)
    .regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/),
  name: z
    .string()
    .min(1)
    .max(253)
    .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/),
};

/** Of every POST (src/rest/idempotency). */
const idempotencyHeaders = {
  'Idempotency-Key': z
    .string()
    .regex(keyPattern)
    .optional()
    .describe('The same request with the same key is done once; for 24 hours it is answered as it was.'),
};

/** One handler of a controller, where it is served and what it says of itself. */
export interface Route {
  /** Upper case. */
  readonly method: string;
  /** As Express has it, e.g. `/v1/namespaces/:namespace/controlplanes`. */
  readonly path: string;
  readonly operation: OperationOptions;
}

/** Every route that says what it is. */
export function routesOf(controllers: readonly Type<object>[]): readonly Route[] {
  return controllers.flatMap((controller) => {
    const prefix = Reflect.getMetadata(PATH_METADATA, controller) as string;
    const prototype = controller.prototype as Readonly<Record<string, object>>;
    return new MetadataScanner().getAllMethodNames(prototype).flatMap((name) => {
      const handler = prototype[name];
      const operation = handler && operationOf(handler);
      if (!operation) return [];
      const method = RequestMethod[Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod];
      return [
        { method, path: joinPath(prefix, Reflect.getMetadata(PATH_METADATA, handler) as string), operation },
      ];
    });
  });
}

function joinPath(prefix: string, path: string): string {
  return path === '/' ? `/${prefix}` : `/${prefix}/${path}`;
}

/** The OpenAPI 3.1 document of these routes. */
export function openApiDocument(routes: readonly Route[]): ReturnType<typeof createDocument> {
  const paths: ZodOpenApiPathsObject = {};
  for (const route of routes) {
    const path = route.path.replace(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: describe(route, linksOf(route, routes)) };
  }
  return createDocument({
    openapi: '3.1.0',
    info: {
      title: 'Marina',
      version,
      description: 'Hosted Kubernetes control planes over HTTP: the custom resources that GitOps writes.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    security: [{ bearer: [] }],
    paths,
    components: {
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description:
            'A token for the audience marina.dev, of a ServiceAccount or of a configured OIDC issuer.',
        },
      },
    },
  });
}

function describe({ method, path, operation }: Route, links: Links): ZodOpenApiOperationObject {
  const { id, summary, description, tag, query, headers, body, bodyTypes = ['application/json'] } = operation;
  const parameters = [...path.matchAll(/:(\w+)/g)].map(([, name = '']) => name);
  const sent = headersOf(method, headers);
  const hasCondition = headers?.shape['If-Match'] !== undefined;
  const failures = [
    400,
    401,
    403,
    ...(parameters.length > 0 || method !== 'GET' ? [404] : []),
    405,
    406,
    ...(method === 'GET' ? [410] : [409]),
    ...(hasCondition ? [412] : []),
    ...(body ? [413, 415] : []),
    422,
    ...(hasCondition && method === 'PATCH' ? [428] : []),
    429,
    500,
    503,
  ];
  return {
    operationId: id,
    summary,
    ...(description !== undefined && { description }),
    tags: [tag],
    requestParams: {
      ...(parameters.length > 0 && {
        path: z.object(
          Object.fromEntries(
            parameters.map((name) => [name, operation.params?.[name] ?? pathNames[name] ?? z.string()]),
          ),
        ),
      }),
      ...(query && { query }),
      ...(sent && { header: sent }),
    },
    ...(body && {
      requestBody: {
        required: true,
        content: Object.fromEntries(bodyTypes.map((type) => [type, { schema: body }])),
      },
    }),
    responses: {
      ...Object.fromEntries(
        Object.entries(operation.answers).map(([status, answer]) => {
          // What was only checked is not there to go on with.
          const isDryRun = method === 'POST' && status === '200';
          return [status, describeAnswer(answer, isDryRun ? {} : links)];
        }),
      ),
      ...Object.fromEntries(failures.map((status) => [`${status}`, failure(status)])),
      // By Node itself, before anything of the request is known.
      '431': { description: 'The request line and the headers are longer than 16 KiB together.' },
    },
  };
}

function headersOf(method: string, headers: z.ZodObject | undefined): z.ZodObject | undefined {
  return method === 'POST' ? (headers ?? z.object({})).extend(idempotencyHeaders) : headers;
}

type Links = NonNullable<ZodOpenApiResponseObject['links']>;

/** What can be done next with an object whose ETag is answered. */
function linksOf({ method, path, operation }: Route, routes: readonly Route[]): Links {
  const one = method === 'POST' ? `${path}/:name` : path;
  const next = routes.filter((route) => route.path === one && route.operation !== operation);
  return Object.fromEntries(
    next.map(({ operation: { id, headers } }) => {
      const names = [...one.matchAll(/:(\w+)/g)].map(([, name = '']) => [name, `$response.body#/${name}`]);
      const parameters = Object.fromEntries(names) as Record<string, string>;
      if (headers?.shape['If-Match'] !== undefined) parameters['header.If-Match'] = '$response.header.ETag';
      return [id, { operationId: id, parameters }];
    }),
  );
}

function describeAnswer(
  { description, schema, types = ['application/json'], headers }: Answer,
  links: Links = {},
) {
  return {
    description,
    ...(schema && { content: Object.fromEntries(types.map((type) => [type, { schema }])) }),
    ...(headers && {
      headers: Object.fromEntries(
        Object.entries(headers).map(([name, says]) => [
          name,
          { description: says, schema: { type: 'string' as const } },
        ]),
      ),
    }),
    ...(headers?.['ETag'] !== undefined && { links }),
  };
}

function failure(status: number) {
  const retries = status === 429 || status === 503;
  return describeAnswer({
    description: titleOf(status),
    schema: problem,
    types: ['application/problem+json'],
    ...(retries && { headers: { 'Retry-After': 'Seconds after which it may do.' } }),
  });
}
