import { randomUUID } from 'node:crypto';
import type { NextFunction, Request, Response } from 'express';

/** What a client may call its request: nothing that could confuse a log. */
const acceptable = /^[A-Za-z0-9._-]{1,64}$/;

/** Gives every request a name, the client's own where it has a good one, and says it in the answer. */
export function requestId(request: Request, response: Response, next: NextFunction): void {
  const own = request.headers['x-request-id'];
  response.setHeader('X-Request-Id', typeof own === 'string' && acceptable.test(own) ? own : randomUUID());
  next();
}
