import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Inject } from '@nestjs/common';
import type { Request, Response } from 'express';
import type { Log } from '../../engine/log.ts';
import { isKubeError } from '../../kube/errors.ts';
import { REST_LOG } from '../tokens.ts';
import { asProblem, type ProblemCode, ProblemError, toProblem } from './problem.ts';

/** Answers every error as problem details (RFC 9457). */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly log: Log;

  constructor(@Inject(REST_LOG) log: Log) {
    this.log = log;
  }

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<Request>();
    const response = http.getResponse<Response>();
    const known = fromFramework(error, request) ?? asProblem(error);
    const problem = toProblem(known);
    const requestId = response.getHeader('X-Request-Id');
    if (problem.status >= 500)
      this.log.error(
        { err: error, method: request.method, path: request.path, requestId },
        'a request failed',
      );
    if (known.code === 'Unauthenticated') response.setHeader('WWW-Authenticate', 'Bearer realm="marina.dev"');
    if (known.retryAfterSeconds !== undefined) response.setHeader('Retry-After', known.retryAfterSeconds);
    const body = { ...problem, instance: request.originalUrl, requestId };
    response.status(problem.status).type('application/problem+json').send(JSON.stringify(body));
  }
}

/** Of body-parser, by `type` (https://github.com/expressjs/body-parser#errors). */
const ofBodyParser: Readonly<Record<string, readonly [ProblemCode, string]>> = {
  'entity.too.large': ['BodyTooLarge', 'The body may have 256 KiB at most.'],
  'entity.parse.failed': ['InvalidRequest', 'The body is not JSON.'],
  'encoding.unsupported': ['UnsupportedMediaType', 'The body is encoded in a way that is not known.'],
  'charset.unsupported': ['UnsupportedMediaType', 'The body has to be UTF-8.'],
  'request.aborted': ['InvalidRequest', 'The body did not come to its end.'],
  'request.size.invalid': ['InvalidRequest', 'The body is not as long as it says.'],
};

/** Errors that Nest has made of what it or Express found. */
const ofStatus: Readonly<Record<number, readonly [ProblemCode, string]>> = {
  400: ['InvalidRequest', 'The request is malformed.'],
  413: ['BodyTooLarge', 'The body may have 256 KiB at most.'],
  415: ['UnsupportedMediaType', 'The body has to be JSON in UTF-8.'],
};

function fromFramework(error: unknown, { method, path }: Request): ProblemError | undefined {
  if (error instanceof ProblemError || isKubeError(error)) return undefined;
  const isHttp = error instanceof HttpException;
  const status = isHttp ? error.getStatus() : (error as { readonly status?: number }).status;
  if (status === 404 && isHttp) return new ProblemError('NotFound', `There is nothing at ${method} ${path}.`);
  const [code, detail] =
    ofBodyParser[(error as { readonly type?: string }).type ?? ''] ?? ofStatus[status ?? 0] ?? [];
  return code && detail ? new ProblemError(code, detail, { cause: error }) : undefined;
}
