import type { ServerResponse } from 'node:http';

/**
 * Calls `then` once, when the client has its answer or has gone: at once where that is so already, as `close` does not come
 * again and whatever was awaited before may have taken longer than the client stayed.
 */
export function whenClosed(response: ServerResponse, then: () => void): void {
  if (response.closed || response.destroyed) then();
  else response.once('close', then);
}

/** Ends when the client has gone away, or has its answer. */
export function untilClosed(response: ServerResponse): AbortSignal {
  const closed = new AbortController();
  whenClosed(response, () => closed.abort());
  return closed.signal;
}
