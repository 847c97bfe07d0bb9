import type { ApiError } from './api-error.ts';

const firstMs = 250;
const longestMs = 8_000;
/** Whoever is told to come back later than that would rather know. */
const longestWaitMs = 60_000;

export interface Attempted {
  readonly method: string;
  /** Whether the server does it once, however often it is sent. */
  readonly isKeyed: boolean;
  /** 1 for the first. */
  readonly attempt: number;
  readonly failure: ApiError;
}

/**
 * Milliseconds after which a failed request is sent again; undefined: it stays failed. `chance` is in [0, 1).
 * The server's own time counts where it named one. A request that may have been done is sent again only if that changes nothing.
 */
export function retryDelayMs(attempted: Attempted, chance: number): number | undefined {
  if (!mayBeRepeated(attempted)) return undefined;
  const { failure, attempt } = attempted;
  const backOffMs = Math.min(longestMs, firstMs * 2 ** (attempt - 1));
  const delayMs = (failure.retryAfterMs ?? 0) + backOffMs * (0.5 + chance / 2);
  return delayMs > longestWaitMs ? undefined : Math.round(delayMs);
}

function mayBeRepeated({ method, isKeyed, failure }: Attempted): boolean {
  const isRead = method === 'GET' || method === 'HEAD';
  if (failure.code === 'TooManyRequests' || failure.code === 'Unavailable')
    return isRead || isKeyed || method === 'DELETE' || method === 'PUT';
  if (failure.code === 'Unreachable') return isRead || isKeyed;
  // Its first copy is still under way.
  return isKeyed && failure.code === 'Conflict' && failure.retryAfterMs !== undefined;
}
