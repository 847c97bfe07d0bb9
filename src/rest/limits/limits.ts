import type { NextFunction, Request, Response } from 'express';
import { userKey } from '../authentication/identity.ts';
import { ProblemError } from '../problem/problem.ts';
import { whenClosed } from '../until-closed.ts';
import { type Quota, RateLimit } from './rate-limit.ts';
import { rateLimitHeaders } from './rate-limit-headers.ts';
import type { LimitSettings } from './settings.ts';
import { Slots } from './slots.ts';
import { UnknownTokens } from './unknown-tokens.ts';

/** What clients may take of Marina, and through her of the management cluster's API server. */
export class Limits {
  private readonly reads: RateLimit;
  private readonly changes: RateLimit;
  private readonly unknownTokens: UnknownTokens;
  private readonly short: Slots;
  private readonly shortOfUsers: Slots;
  private readonly long: Slots;
  private readonly longOfUsers: Slots;

  constructor(settings: LimitSettings) {
    const { readsPerSecond, changesPerSecond, unknownTokensPerSecond } = settings;
    this.reads = new RateLimit('reads', readsPerSecond);
    this.changes = new RateLimit('changes', changesPerSecond);
    this.unknownTokens = new UnknownTokens(unknownTokensPerSecond);
    this.short = new Slots(settings.inFlight);
    this.shortOfUsers = new Slots(settings.inFlight, settings.inFlightPerUser);
    this.long = new Slots(settings.longInFlight);
    this.longOfUsers = new Slots(settings.longInFlight, settings.longInFlightPerUser);
  }

  /** Middleware, before anything that takes time. */
  readonly ofEverybody = (request: Request, response: Response, next: NextFunction): void => {
    const release = (isLong(request) ? this.long : this.short).take();
    if (!release)
      throw new ProblemError('Unavailable', 'Too much is under way at once.', { retryAfterSeconds: 1 });
    whenClosed(response, release);
    next();
  };

  /** Middleware, once it is known who asks. */
  readonly ofUser = async (request: Request, response: Response, next: NextFunction): Promise<void> => {
    const { identity, method } = request;
    if (!identity) return next();
    const user = userKey(identity);
    const quota = await (isReading(method) ? this.reads : this.changes).take(user);
    response.set(rateLimitHeaders(quota));
    if (quota.isExceeded) throw tooMany(quota);
    const release = (isLong(request) ? this.longOfUsers : this.shortOfUsers).take(user);
    if (!release) throw isLong(request) ? tooManyLong() : tooManyShort();
    whenClosed(response, release);
    next();
  };

  /** Before a server is asked about a token, and after one was refused or left out. Rejects with `TooManyRequests`. */
  async takeUnknownToken({ ip = '' }: Request, response: Response): Promise<void> {
    const quota = await this.unknownTokens.take(ip);
    if (!quota) return;
    response.set(rateLimitHeaders(quota));
    throw tooMany(quota);
  }

  /** The token was good: coming with a new one is no attack. */
  async giveBackUnknownToken({ ip = '' }: Request): Promise<void> {
    await this.unknownTokens.giveBack(ip);
  }
}

function tooMany({ policy, limit, windowSeconds, resetSeconds }: Quota): ProblemError {
  const detail = `No more than ${limit} ${policy} in ${windowSeconds} seconds.`;
  return new ProblemError('TooManyRequests', detail, { retryAfterSeconds: resetSeconds });
}

function tooManyLong(): ProblemError {
  const detail = 'You have too many watches and waiting requests.';
  return new ProblemError('TooManyRequests', detail, { retryAfterSeconds: 10 });
}

function tooManyShort(): ProblemError {
  return new ProblemError('TooManyRequests', 'You have too many requests under way at once.', {
    retryAfterSeconds: 1,
  });
}

/** Requests that take minutes as a matter of course. */
function isLong({ path, query }: Request): boolean {
  return /^\/v1\/watch\//i.test(path) || query['wait'] !== undefined;
}

function isReading(method: string): boolean {
  return method === 'GET' || method === 'HEAD';
}
