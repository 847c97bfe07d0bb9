import { SetMetadata } from '@nestjs/common';
import type { z } from 'zod';
import type { Permission } from '../authorization/access-reviews.ts';

/** Namespace and name come from the route. */
export type RoutePermission = Pick<Permission, 'verb' | 'resource'>;

export interface Answer {
  readonly description: string;
  /** Left out: an answer without a body. */
  readonly schema?: z.ZodType;
  /** Default: `application/json`. */
  readonly types?: readonly string[];
  /** Name to what it says. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** What one route takes and gives; the guard and the OpenAPI document both read it. */
export interface OperationOptions {
  /** operationId: the name of the method in clients. */
  readonly id: string;
  readonly summary: string;
  readonly description?: string;
  readonly tag: string;
  /** What a caller has to be allowed; `authenticated`: it is enough to be known. A route without an operation is closed to everybody. */
  readonly permission: RoutePermission | 'authenticated';
  /** Of the path, but for `namespace` and `name`. */
  readonly params?: Readonly<Record<string, z.ZodType>>;
  readonly query?: z.ZodObject;
  /** Request headers. */
  readonly headers?: z.ZodObject;
  readonly body?: z.ZodType;
  /** Default: `application/json`. */
  readonly bodyTypes?: readonly string[];
  /** By status. Problem details are added for what can go wrong. */
  readonly answers: Readonly<Record<number, Answer>>;
  /** Whether the answer has a credential that must be kept nowhere. */
  readonly answersSecret?: boolean;
}

export const operationMetadata = Symbol('operation');

/** Says what a route is; one that says nothing is closed to everybody. */
export const Operation = (options: OperationOptions): MethodDecorator =>
  SetMetadata(operationMetadata, options);

export function operationOf(handler: object): OperationOptions | undefined {
  return Reflect.getMetadata(operationMetadata, handler) as OperationOptions | undefined;
}
