import { HttpException } from '@nestjs/common';
import type { Request, Response } from 'express';
import { isKubeError } from '../../kube/errors.ts';
import { asProblem, type ProblemCode, ProblemError, toProblem } from './problem.ts';

export interface ProblemAnswer {
  readonly problem: ProblemError;
  readonly status: number;
  readonly type: 'application/problem+json';
  /** JSON text. */
  readonly body: string;
}

/** How an error that was thrown while a request was served is answered (RFC 9457). */
export function problemAnswer(error: unknown, request: Request, response: Response): ProblemAnswer {
  const known = fromFramework(error, request) ?? asProblem(error);
  const problem = toProblem(known);
  const requestId = response.getHeader('X-Request-Id');
  const body = JSON.stringify({ ...problem, instance: request.originalUrl, requestId });
  return { problem: known, status: problem.status, type: 'application/problem+json', body };
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
