import type { Server } from 'node:http';
import type { NextFunction, Request, Response } from 'express';

/** Lets a server come to its end: nothing new is taken, what is under way is answered. */
export class Drain {
  private readonly underWay = new Set<Response>();
  private isOn = false;

  /** Middleware, before all others. */
  readonly watch = (_: Request, response: Response, next: NextFunction): void => {
    this.underWay.add(response);
    response.once('close', () => this.underWay.delete(response));
    if (this.isOn) response.setHeader('Connection', 'close');
    next();
  };

  /** Resolves when all connections are closed: after `patienceMs` they are, whatever is under way. */
  async end(server: Server, patienceMs: number): Promise<void> {
    this.isOn = true;
    for (const response of this.underWay) {
      if (!response.headersSent) response.setHeader('Connection', 'close');
      else if (isStream(response)) response.end();
    }
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    const timer = setTimeout(() => server.closeAllConnections(), patienceMs);
    await closed;
    clearTimeout(timer);
  }
}

/** One that would go on until the client goes. */
function isStream(response: Response): boolean {
  return String(response.getHeader('Content-Type')).startsWith('text/event-stream');
}
