import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { ProblemError } from '../problem/problem.ts';
import { operationOf } from './operation.ts';

/** Refuses parameters that the operation does not name: whoever sends `dryRun` to a route that knows none must not find that it was done. */
@Injectable()
export class QueryGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const known = operationOf(context.getHandler())?.query?.shape ?? {};
    const { query } = context.switchToHttp().getRequest<Request>();
    const errors = Object.keys(query)
      .filter((parameter) => !Object.hasOwn(known, parameter))
      .map((parameter) => ({ parameter, detail: 'is not known here' }));
    if (errors.length === 0) return true;
    throw new ProblemError('InvalidRequest', 'Something in the request is not as it should be.', { errors });
  }
}
