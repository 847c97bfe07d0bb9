import type { components } from './schema.gen.ts';

export type Problem = components['schemas']['Problem'];
export type FieldProblem = NonNullable<Problem['errors']>[number];

/** Codes of the server, and what can happen on the way to it. */
export type ApiErrorCode =
  | Problem['code']
  /** No connection, or it broke. */
  | 'Unreachable'
  /** The server's certificate is not to be trusted. */
  | 'Untrusted'
  | 'Timeout'
  /** Whoever called has given up. */
  | 'Aborted'
  /** What answered is not Marina, or a proxy in front of it. */
  | 'NotUnderstood';

/** A call to the REST API that failed. `message` says what happened and what to do. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: ApiErrorCode;
  /** e.g. `GET /v1/controlplanes` */
  readonly operation: string;
  /** HTTP status; 0 when no answer came. */
  readonly status: number;
  /** Members of the request that are wrong. */
  readonly errors: readonly FieldProblem[];
  /** Names the request in the server's log and audit trail. */
  readonly requestId: string | undefined;
  /** From `Retry-After`, when the server named a time. */
  readonly retryAfterMs: number | undefined;

  constructor(init: {
    readonly code: ApiErrorCode;
    readonly operation: string;
    readonly message: string;
    readonly status?: number;
    readonly errors?: readonly FieldProblem[];
    readonly requestId?: string | undefined;
    readonly retryAfterMs?: number | undefined;
    readonly cause?: unknown;
  }) {
    super(init.message, { cause: init.cause });
    this.code = init.code;
    this.operation = init.operation;
    this.status = init.status ?? 0;
    this.errors = init.errors ?? [];
    this.requestId = init.requestId;
    this.retryAfterMs = init.retryAfterMs;
  }
}

export function isApiError(error: unknown, ...codes: readonly ApiErrorCode[]): error is ApiError {
  return error instanceof ApiError && (codes.length === 0 || codes.includes(error.code));
}
