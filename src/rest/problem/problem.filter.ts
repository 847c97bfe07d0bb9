import { type ArgumentsHost, Catch, type ExceptionFilter, Inject } from '@nestjs/common';
import type { Request, Response } from 'express';
import type { Log } from '../../engine/log.ts';
import { AuditTrail } from '../audit/audit-trail.ts';
import { REST_LOG } from '../tokens.ts';
import { problemAnswer } from './problem-answer.ts';

/** Answers every error as problem details, and has the audit trail know how it went. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly trail: AuditTrail;
  private readonly log: Log;

  constructor(trail: AuditTrail, @Inject(REST_LOG) log: Log) {
    this.trail = trail;
    this.log = log;
  }

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<Request>();
    const response = http.getResponse<Response>();
    const { problem, status, type, body } = problemAnswer(error, request, response);
    this.trail.fail(request, problem, status);
    const requestId = response.getHeader('X-Request-Id');
    if (status >= 500)
      this.log.error(
        { err: error, method: request.method, path: request.path, requestId },
        'a request failed',
      );
    if (problem.code === 'Unauthenticated')
      response.setHeader('WWW-Authenticate', 'Bearer realm="marina.dev"');
    if (problem.retryAfterSeconds !== undefined) response.setHeader('Retry-After', problem.retryAfterSeconds);
    response.status(status).type(type).send(body);
  }
}
