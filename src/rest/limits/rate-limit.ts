import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';

/** What is left to a client after a request. */
export interface Quota {
  readonly policy: string;
  /** Requests in a window, and its seconds. */
  readonly limit: number;
  readonly windowSeconds: number;
  readonly remaining: number;
  /** Until the window begins anew. */
  readonly resetSeconds: number;
  /** Whether the request was one too many. */
  readonly isExceeded: boolean;
}

/** Seconds of a window: what was not used is not kept longer, and who is refused waits no longer. */
const windowSeconds = 10;

/** Requests that one key may make, on average over a window. */
export class RateLimit {
  private readonly policy: string;
  private readonly limiter: RateLimiterMemory;

  /** `policy`: a name for clients, e.g. `reads`. */
  constructor(policy: string, perSecond: number) {
    this.policy = policy;
    this.limiter = new RateLimiterMemory({ points: perSecond * windowSeconds, duration: windowSeconds });
  }

  async take(key: string): Promise<Quota> {
    try {
      return this.quota(await this.limiter.consume(key), false);
    } catch (error: unknown) {
      if (error instanceof RateLimiterRes) return this.quota(error, true);
      throw error;
    }
  }

  /** Takes back what was taken for a request that turned out to cost nothing. */
  async giveBack(key: string): Promise<void> {
    await this.limiter.reward(key);
  }

  private quota({ remainingPoints, msBeforeNext }: RateLimiterRes, isExceeded: boolean): Quota {
    return {
      policy: this.policy,
      limit: this.limiter.points,
      windowSeconds,
      remaining: remainingPoints,
      resetSeconds: Math.max(1, Math.ceil(msBeforeNext / 1_000)),
      isExceeded,
    };
  }
}
