/** `Sealed`: no identity opens it. `Damaged`: it is not what was written. `Foreign`: no archive of ours, or of a later version. */
export type ArchiveErrorCode = 'Sealed' | 'Damaged' | 'Foreign';

export class ArchiveError extends Error {
  override readonly name = 'ArchiveError';
  readonly code: ArchiveErrorCode;

  constructor(code: ArchiveErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
