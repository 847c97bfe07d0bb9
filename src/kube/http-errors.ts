import { errors } from 'undici';
import { KubeError, type KubeErrorCode } from './errors.ts';

/** The part of metav1.Status that is read. */
export interface ApiStatus {
  readonly kind?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly details?: {
    readonly name?: string;
    readonly retryAfterSeconds?: number;
    readonly causes?: readonly { readonly field?: string; readonly message?: string }[];
  };
}

const reasons: Readonly<Record<string, KubeErrorCode>> = {
  AlreadyExists: 'AlreadyExists',
  BadRequest: 'BadRequest',
  Conflict: 'Conflict',
  Expired: 'Expired',
  Gone: 'Expired',
  Forbidden: 'Forbidden',
  InternalError: 'InternalError',
  Invalid: 'Invalid',
  NotFound: 'NotFound',
  ServerTimeout: 'Timeout',
  ServiceUnavailable: 'ServiceUnavailable',
  Timeout: 'Timeout',
  TooManyRequests: 'TooManyRequests',
  Unauthorized: 'Unauthorized',
};

/** For answers without a reason: proxies, the API server's own filters, a server that is starting. */
const statuses: Readonly<Record<number, KubeErrorCode>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  409: 'Conflict',
  410: 'Expired',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  502: 'ServiceUnavailable',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

/** An answer of 400 and above as an error. */
export function answerError(
  operation: string,
  answer: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string | string[] | undefined>>;
    readonly text: string;
  },
): KubeError {
  const body = parseStatus(answer.text);
  const causes = (body?.details?.causes ?? []).map(({ field = '', message = '' }) => ({ field, message }));
  return new KubeError({
    code: reasons[body?.reason ?? ''] ?? statuses[answer.status] ?? 'Unknown',
    operation,
    message: body?.message ?? `status ${answer.status}: ${answer.text.trim().slice(0, 200)}`,
    status: answer.status,
    retryAfterMs: retryAfterMs(answer.headers['retry-after'], body),
    causes,
  });
}

/** Whatever broke before or within an answer as an error, told what the caller and the clock had to do with it. */
export function failureError(
  operation: string,
  error: unknown,
  { isAborted = false, isLate = false }: { readonly isAborted?: boolean; readonly isLate?: boolean },
): KubeError {
  if (error instanceof KubeError) return error;
  if (isAborted)
    return new KubeError({ code: 'Aborted', operation, message: 'given up by the caller', cause: error });
  const code = isLate || isTimeout(error) ? 'Timeout' : 'Unreachable';
  return new KubeError({ code, operation, message: describe(error), cause: error });
}

/** Whether there was more in an answer than `maxAnswerBytes`: it will be so again. */
export function isAnswerTooLarge(error: unknown): boolean {
  return error instanceof KubeError && error.cause instanceof errors.ResponseExceededMaxSizeError;
}

function isTimeout(error: unknown): boolean {
  return (
    error instanceof errors.HeadersTimeoutError ||
    error instanceof errors.BodyTimeoutError ||
    error instanceof errors.ConnectTimeoutError
  );
}

function describe(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(describe).join('; ');
  return error instanceof Error ? error.message || error.name : String(error);
}

function parseStatus(text: string): ApiStatus | undefined {
  try {
    const body = JSON.parse(text) as ApiStatus | null;
    return body?.kind === 'Status' ? body : undefined;
  } catch {
    return undefined;
  }
}

/** Nobody waits longer because a server says so; a tenant's own may say anything. */
const longestRetryAfterMs = 120_000;

/** RFC 9110 section 10.2.3 in its form of seconds, which is the one that API servers send. */
function retryAfterMs(
  header: string | string[] | undefined,
  body: ApiStatus | undefined,
): number | undefined {
  const seconds = Number(Array.isArray(header) ? header[0] : (header ?? body?.details?.retryAfterSeconds));
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds * 1000, longestRetryAfterMs) : undefined;
}
