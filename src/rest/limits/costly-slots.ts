import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { Request, Response } from 'express';
import { userKey } from '../authentication/identity.ts';
import { ProblemError } from '../problem/problem.ts';
import { whenClosed } from '../until-closed.ts';
import { Slots } from './slots.ts';

/** Requests under way at once: each may hold some 10 MiB until its answer is taken, of the 512 MiB that the process has. */
const ofAll = 8;
/** Of one user, and for one namespace: whoever may make ServiceAccounts there is many users. */
const ofOne = 4;

/** Guard, after those that ask what the user may: lets few requests of one kind in at once. */
abstract class CostlySlots implements CanActivate {
  private readonly namespaces = new Slots(ofAll, ofOne);
  private readonly users = new Slots(ofAll, ofOne);
  protected abstract readonly what: string;

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<Request<{ readonly namespace: string }>>();
    const response = context.switchToHttp().getResponse<Response>();
    const user = request.identity ? userKey(request.identity) : '';
    for (const take of [() => this.users.take(user), () => this.namespaces.take(request.params.namespace)]) {
      const release = take();
      if (!release)
        throw new ProblemError('TooManyRequests', `Too many ${this.what} are under way at once.`, {
          retryAfterSeconds: 1,
        });
      whenClosed(response, release);
    }
    return true;
  }
}

/** For logs, which are held as a whole. */
@Injectable()
export class LogSlots extends CostlySlots {
  protected readonly what = 'requests for logs';
}

/** For what a tenant's API server answers, which is the tenant's to make large and slow. */
@Injectable()
export class TenantSlots extends CostlySlots {
  protected readonly what = 'requests about join tokens';
}
