export type ToolchainErrorCode =
  | 'BuildFailed'
  | 'ChecksumMismatch'
  | 'CommandFailed'
  | 'DownloadFailed'
  | 'GoMissing'
  | 'GoTooOld'
  | 'HostUnsupported'
  | 'InputMissing';

/** A step of the toolchain that failed; `message` says what to do about it, `operation` which step it was. */
export class ToolchainError extends Error {
  readonly code: ToolchainErrorCode;
  readonly operation: string;

  constructor(code: ToolchainErrorCode, operation: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ToolchainError';
    this.code = code;
    this.operation = operation;
  }
}
