import { ApiError, type Problem } from './api-error.ts';

/** What a failure is called that has no problem details: a proxy's, mostly. */
const codeOfStatus: Readonly<Record<number, Problem['code']>> = {
  401: 'Unauthenticated',
  403: 'Forbidden',
  413: 'BodyTooLarge',
  429: 'TooManyRequests',
  502: 'Unavailable',
  503: 'Unavailable',
  504: 'Unavailable',
};

/** The error that an answer with status 400 or more stands for (RFC 9457). */
export async function failureOf(response: Response, operation: string): Promise<ApiError> {
  const { status, headers } = response;
  const text = await response.text();
  const problem = readProblem(headers.get('content-type') ?? '', text);
  const common = {
    operation,
    status,
    requestId: problem?.requestId ?? headers.get('x-request-id') ?? undefined,
    retryAfterMs: retryAfterMs(headers.get('retry-after')),
  };
  if (problem)
    return new ApiError({
      ...common,
      code: problem.code,
      message: problem.detail,
      errors: problem.errors ?? [],
    });
  const message = `The server answered ${status}, without saying why in Marina’s way: is a proxy in between?`;
  return new ApiError({ ...common, code: codeOfStatus[status] ?? 'NotUnderstood', message });
}

function readProblem(type: string, text: string): Problem | undefined {
  if (!/^application\/problem\+json\b/.test(type)) return undefined;
  try {
    const problem = JSON.parse(text) as Partial<Problem>;
    const isWhole = typeof problem.code === 'string' && typeof problem.detail === 'string';
    return isWhole ? (problem as Problem) : undefined;
  } catch {
    return undefined;
  }
}

/** Seconds only: Marina sends no dates (RFC 9110 section 10.2.3). */
export function retryAfterMs(header: string | null): number | undefined {
  return header !== null && /^\d{1,6}$/.test(header) ? Number(header) * 1_000 : undefined;
}

/** The failure of a call that was not answered. */
export function failureOnTheWay(cause: unknown, operation: string): ApiError {
  if (cause instanceof ApiError) return cause;
  const { name, code, message } = innermost(cause);
  if (name === 'TimeoutError' || code.endsWith('_TIMEOUT'))
    return new ApiError({ code: 'Timeout', operation, message: 'The server did not answer in time.', cause });
  if (name === 'AbortError') return new ApiError({ code: 'Aborted', operation, message: 'Given up.', cause });
  if (isAboutTrust(code))
    return new ApiError({
      code: 'Untrusted',
      operation,
      message: `The certificate of the server is not trusted: ${message}.`,
      cause,
    });
  return new ApiError({
    code: 'Unreachable',
    operation,
    message: `The server cannot be reached: ${message || code}.`,
    cause,
  });
}

/** OpenSSL's and Node's names for certificates that do not hold (https://nodejs.org/api/tls.html#x509-certificate-error-codes). */
function isAboutTrust(code: string): boolean {
  return /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER/.test(code);
}

/** Of `fetch failed`, whose cause says what it was. */
function innermost(error: unknown): {
  readonly name: string;
  readonly code: string;
  readonly message: string;
} {
  let at = error as {
    readonly name?: string;
    readonly code?: unknown;
    readonly message?: string;
    cause?: unknown;
  };
  while (typeof at.cause === 'object' && at.cause !== null) at = at.cause;
  return { name: at.name ?? '', code: typeof at.code === 'string' ? at.code : '', message: at.message ?? '' };
}
