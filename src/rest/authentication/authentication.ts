import type { NextFunction, Request, Response } from 'express';
import type { Limits } from '../limits/limits.ts';
import { ProblemError } from '../problem/problem.ts';
import type { Authenticator } from './identity.ts';
import { audience } from './token-reviews.ts';

const noToken = `Send \`Authorization: Bearer <token>\`, with a token for the audience ${audience}.`;

/** Middleware that lets nobody pass who is not known, before a body is read; `request.identity` is who it is. */
export function authentication(tokens: Authenticator, limits: Limits) {
  return async (request: Request, response: Response, next: NextFunction): Promise<void> => {
    const token = readToken(request);
    if (token === undefined) {
      await limits.takeUnknownToken(request, response);
      throw new ProblemError('Unauthenticated', noToken);
    }
    const isKnown = await tokens.knows(token);
    if (!isKnown) await limits.takeUnknownToken(request, response);
    const judgement = await tokens.judge(token);
    if ('refusal' in judgement) {
      if (isKnown) await limits.takeUnknownToken(request, response);
      throw new ProblemError('Unauthenticated', judgement.refusal);
    }
    if (!isKnown) await limits.giveBackUnknownToken(request);
    request.identity = judgement.identity;
    next();
  };
}

function readToken({ headers }: Request): string | undefined {
  return /^Bearer +([^ ]+) *$/i.exec(headers.authorization ?? '')?.[1];
}
