export type DataStoreErrorCode =
  'Unreachable' | 'Unauthenticated' | 'Denied' | 'NoSpace' | 'Unsupported' | 'Internal';

/** An operation on a shared store that failed: `operation` is e.g. `etcd: grant role abc`. */
export class DataStoreError extends Error {
  override readonly name = 'DataStoreError';
  readonly code: DataStoreErrorCode;
  readonly operation: string;

  constructor(
    code: DataStoreErrorCode,
    operation: string,
    message: string,
    options?: { readonly cause?: unknown },
  ) {
    super(`${operation}: ${message}`, { cause: options?.cause });
    this.code = code;
    this.operation = operation;
  }
}
