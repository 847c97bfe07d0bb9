/** `Unreachable` and `Full` may pass by themselves; the others want a person. */
export type BackupStorageErrorCode = 'NotFound' | 'Denied' | 'Unreachable' | 'Full' | 'Invalid';

/** What went wrong with a backup storage, and what to do about it: the message becomes a condition. */
export class BackupStorageError extends Error {
  readonly code: BackupStorageErrorCode;
  /** E.g. `s3: put tenants/…`. */
  readonly operation: string;

  constructor(code: BackupStorageErrorCode, operation: string, message: string, options?: ErrorOptions) {
    super(`${operation}: ${message}`, options);
    this.name = 'BackupStorageError';
    this.code = code;
    this.operation = operation;
  }
}
