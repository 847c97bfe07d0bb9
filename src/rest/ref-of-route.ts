import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import type { ObjectRef } from '../kube/resource.ts';

/** The object that a route names: `/namespaces/:namespace/.../:name`. */
export const RefOfRoute = createParamDecorator((_: unknown, context: ExecutionContext): ObjectRef => {
  const { namespace, name = '' } = context
    .switchToHttp()
    .getRequest<Request<Record<string, string>>>().params;
  return { ...(namespace !== undefined && { namespace }), name };
});
