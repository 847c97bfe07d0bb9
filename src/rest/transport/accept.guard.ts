import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { operationOf } from '../openapi/operation.ts';
import { ProblemError } from '../problem/problem.ts';

const json = 'application/json';

/** Refuses what a client could not read anyway, before anything is done for it (RFC 9110 section 15.5.7). */
@Injectable()
export class AcceptGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const answers = Object.values(operationOf(context.getHandler())?.answers ?? {});
    const types = new Set(answers.flatMap(({ types = [json] }) => types));
    const offered = types.size === 0 ? [json] : [...types];
    if (context.switchToHttp().getRequest<Request>().accepts(offered) !== false) return true;
    throw new ProblemError('NotAcceptable', `There is only ${offered.join(', ')}.`);
  }
}
