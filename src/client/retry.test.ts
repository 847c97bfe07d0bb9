import { describe, expect, it } from '@jest/globals';
import { ApiError, type ApiErrorCode } from './api-error.ts';
import { retryDelayMs } from './retry.ts';

function after(
  method: string,
  code: ApiErrorCode,
  more: { readonly isKeyed?: boolean; readonly attempt?: number; readonly retryAfterMs?: number } = {},
) {
  const { isKeyed = false, attempt = 1, retryAfterMs } = more;
  const failure = new ApiError({ code, operation: `${method} /`, message: 'no', retryAfterMs });
  return retryDelayMs({ method, isKeyed, attempt, failure }, 0);
}

describe('a request that failed', () => {
  it.each<[string, ApiErrorCode, boolean]>([
    ['GET', 'Unavailable', false],
    ['GET', 'TooManyRequests', false],
    ['GET', 'Unreachable', false],
    ['DELETE', 'Unavailable', false],
    ['POST', 'Unavailable', true],
    ['POST', 'Unreachable', true],
  ])('is sent again: %s after %s, with a key: %s', (method, code, isKeyed) => {
    expect(after(method, code, { isKeyed })).toBe(125);
  });

  it.each<[string, ApiErrorCode, boolean]>([
    ['GET', 'NotFound', false],
    ['GET', 'Timeout', false],
    ['POST', 'Unavailable', false],
    ['POST', 'Conflict', true],
    // It may have been done, and then there is nothing left to delete.
    ['DELETE', 'Unreachable', false],
    ['PATCH', 'Unavailable', false],
  ])('stays failed: %s after %s, with a key: %s', (method, code, isKeyed) => {
    expect(after(method, code, { isKeyed })).toBeUndefined();
  });

  it('is sent again no sooner than the server said, and not at all when that is long', () => {
    expect(after('GET', 'TooManyRequests', { retryAfterMs: 7_000 })).toBe(7_125);
    expect(after('GET', 'Unavailable', { retryAfterMs: 120_000 })).toBeUndefined();
  });

  it('waits longer each time, up to some seconds', () => {
    const delays = [1, 2, 3, 10].map((attempt) => after('GET', 'Unavailable', { attempt }));
    expect(delays).toEqual([125, 250, 500, 4_000]);
  });

  it('with a key whose first copy is under way is sent again', () => {
    expect(after('POST', 'Conflict', { isKeyed: true, retryAfterMs: 2_000 })).toBe(2_125);
  });
});
