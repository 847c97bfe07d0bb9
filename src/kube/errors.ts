/** Codes are the API server's `reason` (apimachinery pkg/apis/meta/v1/types.go) plus four for the way there. */
export type KubeErrorCode =
  | 'Aborted'
  | 'AlreadyExists'
  | 'BadRequest'
  | 'Conflict'
  | 'Expired'
  | 'Forbidden'
  | 'InternalError'
  | 'Invalid'
  | 'NotFound'
  | 'ServiceUnavailable'
  | 'TooManyRequests'
  | 'Unauthorized'
  | 'Timeout'
  | 'Unreachable'
  | 'Unknown';

/** A call to an API server that failed: `operation` is e.g. `apply Deployment marina-tenants/x`. */
export class KubeError extends Error {
  override readonly name = 'KubeError';
  readonly code: KubeErrorCode;
  readonly operation: string;
  /** HTTP status; 0 when no answer came. */
  readonly status: number;
  /** From `Retry-After`, when the server named a time. */
  readonly retryAfterMs?: number;
  /** Field causes of a refused object: the API server's own words. */
  readonly causes: readonly { readonly field: string; readonly message: string }[];

  constructor(init: {
    readonly code: KubeErrorCode;
    readonly operation: string;
    readonly message: string;
    readonly status?: number;
    readonly retryAfterMs?: number;
    readonly causes?: readonly { readonly field: string; readonly message: string }[];
    readonly cause?: unknown;
  }) {
    super(`${init.operation}: ${init.message}`, { cause: init.cause });
    this.code = init.code;
    this.operation = init.operation;
    this.status = init.status ?? 0;
    this.retryAfterMs = init.retryAfterMs;
    this.causes = init.causes ?? [];
  }
}

export function isKubeError(error: unknown, ...codes: readonly KubeErrorCode[]): error is KubeError {
  return error instanceof KubeError && (codes.length === 0 || codes.includes(error.code));
}
