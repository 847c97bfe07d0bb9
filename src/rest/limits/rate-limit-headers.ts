import type { Quota } from './rate-limit.ts';

/** As draft-ietf-httpapi-ratelimit-headers-10 has them, e.g. `"reads";q=1000;w=10` and `"reads";r=999;t=7`. */
export function rateLimitHeaders({ policy, limit, windowSeconds, remaining, resetSeconds }: Quota) {
  return {
    'RateLimit-Policy': `"${policy}";q=${limit};w=${windowSeconds}`,
    RateLimit: `"${policy}";r=${remaining};t=${resetSeconds}`,
  };
}
