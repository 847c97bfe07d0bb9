/**
 * `Unavailable`: no answer, and the same call may do later. `Mismatch`: the schema is not the one of this build.
 * `Misconfigured`: what it was told to connect to cannot be.
 */
export type DatabaseErrorCode = 'Unavailable' | 'Mismatch' | 'Misconfigured';

/** Anything that keeps Marina from her management database. */
export class DatabaseError extends Error {
  override readonly name = 'DatabaseError';
  readonly code: DatabaseErrorCode;
  readonly operation: string;

  constructor(
    code: DatabaseErrorCode,
    operation: string,
    message: string,
    options?: { readonly cause?: unknown },
  ) {
    super(`${operation}: ${message}`, options);
    this.code = code;
    this.operation = operation;
  }
}

export function isDatabaseError(error: unknown, code?: DatabaseErrorCode): error is DatabaseError {
  return error instanceof DatabaseError && (code === undefined || error.code === code);
}
