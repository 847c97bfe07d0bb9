import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../../engine/clock.ts';
import { whenClosed } from '../until-closed.ts';

/**
 * Middleware, before all that holds something for a request: a client that does not take an answer which is complete, nor those before it on
 * its connection, loses the connection after `ms`. How long it takes to make the answer does not count.
 */
export function answerTimeout(clock: Clock, ms: number) {
  return ({ socket }: IncomingMessage, response: ServerResponse, next: () => void): void => {
    const limit = () => {
      const cancel = clock.after(ms, () => socket.destroy());
      whenClosed(response, cancel);
      return cancel;
    };
    // An answer is given the socket when its turn has come (node:http, ServerResponse.assignSocket).
    if (!response.socket) response.once('socket', limit());
    response.once('prefinish', limit);
    next();
  };
}
