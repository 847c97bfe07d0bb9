import { type ArgumentsHost, Catch, type ExceptionFilter, Inject } from '@nestjs/common';
import type { Request, Response } from 'express';
import type { Clock } from '../../engine/clock.ts';
import type { Log } from '../../engine/log.ts';
import { AuditTrail } from '../audit/audit-trail.ts';
import { CLOCK, REST_LOG } from '../tokens.ts';
import { problemAnswer } from './problem-answer.ts';
import type { ProblemError } from './problem.ts';
import { Sample } from './sample.ts';

/** Lines about requests that were answered 503, in so many milliseconds. */
const logged = 20;
const windowMs = 10_000;

/** Answers every error as problem details, and has the audit trail know how it went. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly trail: AuditTrail;
  private readonly log: Log;
  /** Anybody can have these written in any number: what Marina does not take up for now, and what fails while a server is away. */
  private readonly refusals: Sample;
  private readonly troubles: Sample;

  constructor(trail: AuditTrail, @Inject(REST_LOG) log: Log, @Inject(CLOCK) clock: Clock) {
    this.trail = trail;
    this.log = log;
    this.refusals = new Sample(clock, logged, windowMs);
    this.troubles = new Sample(clock, logged, windowMs);
  }

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<Request>();
    const response = http.getResponse<Response>();
    const { problem, status, type, body } = problemAnswer(error, request, response);
    this.trail.fail(request, problem, status);
    if (status >= 500) {
      const requestId = response.getHeader('X-Request-Id');
      this.report(error, problem, { method: request.method, path: request.path, requestId });
    }
    if (problem.code === 'Unauthenticated')
      response.setHeader('WWW-Authenticate', 'Bearer realm="marina.dev"');
    if (problem.retryAfterSeconds !== undefined) response.setHeader('Retry-After', problem.retryAfterSeconds);
    response.status(status).type(type).send(body);
  }

  private report(error: unknown, problem: ProblemError, facts: object): void {
    if (problem.code !== 'Unavailable') return this.log.error({ ...facts, err: error }, 'a request failed');
    const isRefusal = problem === error && problem.cause === undefined;
    const taken = (isRefusal ? this.refusals : this.troubles).take();
    if (!taken) return;
    if (isRefusal)
      this.log.warn({ ...facts, ...taken, detail: problem.message }, 'a request was not taken up');
    else this.log.error({ ...facts, ...taken, err: error }, 'a request failed');
  }
}
