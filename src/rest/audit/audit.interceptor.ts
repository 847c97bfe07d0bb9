import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import type { Request, Response } from 'express';
import { type Observable, tap } from 'rxjs';
import { operationOf } from '../openapi/operation.ts';
import { AuditTrail } from './audit-trail.ts';
import { exchangeOf, noteIssued } from './exchange.ts';

/**
 * Writes down what changes something or gives a credential out, before it does and after it has; what goes wrong is written by the
 * ProblemFilter, which knows how it was answered. The outermost interceptor.
 */
@Injectable()
export class AuditInterceptor implements NestInterceptor {
  private readonly trail: AuditTrail;

  constructor(trail: AuditTrail) {
    this.trail = trail;
  }

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const request = context.switchToHttp().getRequest<Request>();
    const response = context.switchToHttp().getResponse<Response>();
    exchangeOf(request).isAdmitted = true;
    const isSecret = operationOf(context.getHandler())?.answersSecret === true;
    if (isReading(request) && !isSecret) return next.handle();
    await this.trail.begin(request);
    return next.handle().pipe(
      tap({
        next: (answer) => isSecret && noteIssued(request, answer),
        complete: () => this.trail.end(request, { status: response.statusCode }),
      }),
    );
  }
}

function isReading({ method }: Request): boolean {
  return method === 'GET' || method === 'HEAD';
}
