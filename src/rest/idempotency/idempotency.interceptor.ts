import { randomUUID } from 'node:crypto';
import {
  type CallHandler,
  type ExecutionContext,
  Inject,
  Injectable,
  type NestInterceptor,
} from '@nestjs/common';
import type { Request, Response } from 'express';
import { lastValueFrom, type Observable, of } from 'rxjs';
import { exchangeOf } from '../audit/exchange.ts';
import {
  type Claim,
  type KeptAnswer,
  type KeyedRequest,
  mostKeys,
} from '../../persistence/idempotency/idempotency-keys.ts';
import { operationOf } from '../openapi/operation.ts';
import { problemAnswer } from '../problem/problem-answer.ts';
import { ProblemError } from '../problem/problem.ts';
import { HeldKeys } from './held-keys.ts';
import { keyedRequest, keyHeader, readKey } from './keyed-request.ts';

/** Of an answer, beside status and body. */
const keptHeaders = ['Content-Type', 'ETag', 'Location'];
const retryAfterSeconds = 2;
const tooManyRetrySeconds = 600;

/**
 * A POST that is sent again with its Idempotency-Key is not done again: it is answered as it was
 * (draft-ietf-httpapi-idempotency-key-header).
 */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  private readonly keys: HeldKeys;

  constructor(@Inject(HeldKeys) keys: HeldKeys) {
    this.keys = keys;
  }

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const request = context.switchToHttp().getRequest<Request>();
    const response = context.switchToHttp().getResponse<Response>();
    const key = request.method === 'POST' ? readKey(request.headers['idempotency-key']) : undefined;
    if (key === undefined) return next.handle();
    const { method, path, query, identity } = request;
    const asked = { username: identity?.username ?? '', method, path, query, body: request.body as unknown };
    const keyed = keyedRequest(asked, key);
    const holder = randomUUID();
    const claim = await this.keys.claim(keyed, holder);
    if (claim.kind === 'Claimed') {
      const isSecret = operationOf(context.getHandler())?.answersSecret === true;
      return of(await this.run(next, { request, response, keyed, holder, isSecret }));
    }
    if (claim.kind === 'Answered') return of(replay(claim.answer, request, response));
    throw refusalOf(claim.kind);
  }

  private async run(
    next: CallHandler,
    { request, response, keyed, holder, isSecret }: Run,
  ): Promise<unknown> {
    using _held = this.keys.hold(keyed.scope, holder);
    try {
      const result: unknown = await lastValueFrom(next.handle(), { defaultValue: undefined });
      const body = result === undefined || isSecret ? null : JSON.stringify(result);
      const { statusCode: status } = response;
      await this.keys.keep(keyed.scope, holder, { status, headers: headersOf(response), body, isSecret });
      return result;
    } catch (error: unknown) {
      const { status, body, type } = problemAnswer(error, request, response);
      const answer = { status, headers: { 'Content-Type': type }, body, isSecret: false };
      await this.keys.keep(keyed.scope, holder, answer);
      throw error;
    }
  }
}

interface Run {
  readonly request: Request;
  readonly response: Response;
  readonly keyed: KeyedRequest;
  readonly holder: string;
  readonly isSecret: boolean;
}

function headersOf(response: Response): Readonly<Record<string, string>> {
  return Object.fromEntries(
    keptHeaders.flatMap((name) => {
      const value = response.getHeader(name);
      return value === undefined ? [] : [[name, String(value)]];
    }),
  );
}

function replay(
  { status, headers, body, isSecret, isTooLong = false }: KeptAnswer,
  request: Request,
  response: Response,
): unknown {
  if (isSecret) {
    const detail =
      'This was done before, and answered with a credential, which is kept nowhere. If that answer did not arrive, revoke what it gave out and ask with a new key.';
    throw new ProblemError('Conflict', detail);
  }
  exchangeOf(request).details['idempotentReplayed'] = true;
  if (isTooLong) throw wasTooLong(headers['Location']);
  response.status(status).setHeader('Idempotent-Replayed', 'true');
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  return body === null ? undefined : (JSON.parse(body) as unknown);
}

function wasTooLong(location: string | undefined): ProblemError {
  const where = location === undefined ? '' : ` What was made is at ${location}.`;
  return new ProblemError('Conflict', `This was done before; the answer was too long to be kept.${where}`);
}

function refusalOf(kind: Exclude<Claim['kind'], 'Claimed' | 'Answered'>): ProblemError {
  switch (kind) {
    case 'Running': {
      const detail = `The first request with this ${keyHeader} is still under way.`;
      return new ProblemError('Conflict', detail, { retryAfterSeconds });
    }
    case 'Reused': {
      const detail = 'A key is for one request; take a new one for another.';
      const errors = [{ parameter: keyHeader, detail: 'was used for a request with another query or body' }];
      return new ProblemError('IdempotencyKeyReused', detail, { errors });
    }
    case 'TooMany': {
      const detail = `You have ${mostKeys} idempotency keys of the last 24 hours; there are no more for now.`;
      return new ProblemError('TooManyRequests', detail, { retryAfterSeconds: tooManyRetrySeconds });
    }
  }
}
