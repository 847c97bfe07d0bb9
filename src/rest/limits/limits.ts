import type { NextFunction, Request, Response } from 'express';
import { ProblemError } from '../problem/problem.ts';
import { type Quota, RateLimit } from './rate-limit.ts';
import { rateLimitHeaders } from './rate-limit-headers.ts';
import type { LimitSettings } from './settings.ts';
import { Slots } from './slots.ts';
import { sourceOf } from './source-address.ts';

/** How many addresses with unknown tokens are served at full rate; a botnet gets no further than all of these together. */
const busyAddresses = 20;

/** What clients may take of Marina, and through her of the management cluster's API server. */
export class Limits {
  private readonly reads: RateLimit;
  private readonly changes: RateLimit;
  private readonly unknownTokens: RateLimit;
  private readonly allUnknownTokens: RateLimit;
  private readonly short: Slots;
  private readonly long: Slots;
  private readonly longOfUsers: Slots;

  constructor(settings: LimitSettings) {
    const { readsPerSecond, changesPerSecond, unknownTokensPerSecond } = settings;
    this.reads = new RateLimit('reads', readsPerSecond);
    this.changes = new RateLimit('changes', changesPerSecond);
    this.unknownTokens = new RateLimit('unknown-tokens', unknownTokensPerSecond);
    this.allUnknownTokens = new RateLimit('unknown-tokens-of-all', unknownTokensPerSecond * busyAddresses);
    this.short = new Slots(settings.inFlight);
    this.long = new Slots(settings.longInFlight);
    this.longOfUsers = new Slots(settings.longInFlight, settings.longInFlightPerUser);
  }

  /** Middleware, before anything that takes time. */
  readonly ofEverybody = (request: Request, response: Response, next: NextFunction): void => {
    const release = (isLong(request) ? this.long : this.short).take();
    if (!release)
      throw new ProblemError('Unavailable', 'Too much is under way at once.', { retryAfterSeconds: 1 });
    response.once('close', release);
    next();
  };

  /** Middleware, once it is known who asks. */
  readonly ofUser = async (request: Request, response: Response, next: NextFunction): Promise<void> => {
    const { identity, method } = request;
    if (!identity) return next();
    const user = `${identity.authenticator} ${identity.username}`;
    const quota = await (isReading(method) ? this.reads : this.changes).take(user);
    response.set(rateLimitHeaders(quota));
    if (quota.isExceeded) throw tooMany(quota);
    if (isLong(request)) {
      const release = this.longOfUsers.take(user);
      if (!release)
        throw new ProblemError('TooManyRequests', 'You have too many watches and waiting requests.', {
          retryAfterSeconds: 10,
        });
      response.once('close', release);
    }
    next();
  };

  /** Before a server is asked about a token, and after one was refused. Rejects with `TooManyRequests`. */
  async takeUnknownToken({ ip = '' }: Request, response: Response): Promise<void> {
    const own = await this.unknownTokens.take(sourceOf(ip));
    const quota = own.isExceeded ? own : await this.allUnknownTokens.take('');
    if (!quota.isExceeded) return;
    response.set(rateLimitHeaders(quota));
    throw tooMany(quota);
  }

  /** The token was good: coming with a new one is no attack. */
  async giveBackUnknownToken({ ip = '' }: Request): Promise<void> {
    await Promise.all([this.unknownTokens.giveBack(sourceOf(ip)), this.allUnknownTokens.giveBack('')]);
  }
}

function tooMany({ policy, limit, windowSeconds, resetSeconds }: Quota): ProblemError {
  const detail = `No more than ${limit} ${policy} in ${windowSeconds} seconds.`;
  return new ProblemError('TooManyRequests', detail, { retryAfterSeconds: resetSeconds });
}

/** Requests that take minutes as a matter of course. */
function isLong({ path, query }: Request): boolean {
  return /^\/v1\/watch\//i.test(path) || query['wait'] !== undefined;
}

function isReading(method: string): boolean {
  return method === 'GET' || method === 'HEAD';
}
