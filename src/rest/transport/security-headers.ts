import type { NextFunction, Request, Response } from 'express';

/** Seconds for which a browser comes by TLS only: a year. */
const hstsSeconds = 31_536_000;

/** What answers say to browsers and caches: nothing here is a page, and nothing is to be kept, as much of it is credentials. */
export function securityHeaders({ secure }: Request, response: Response, next: NextFunction): void {
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('Cache-Control', 'no-store');
  response.setHeader('Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'");
  if (secure) response.setHeader('Strict-Transport-Security', `max-age=${hstsSeconds}`);
  next();
}
