import type { Request, Response } from 'express';

/** Ends when the client has gone away, or has its answer. */
export function untilClosed(request: Request, response: Response): AbortSignal {
  const closed = new AbortController();
  response.once('close', () => closed.abort());
  if (request.destroyed && !response.writable) closed.abort();
  return closed.signal;
}
