/**
 * - `Busy`: an address, port or name that this checkout needs is taken by something else.
 * - `CommandFailed`: a program ended with an error.
 * - `LeftBehind`: `down` could not take everything away.
 * - `Missing`: something that an earlier part makes is not there.
 * - `TimedOut`: a condition was not met in its time.
 */
export type LocalErrorCode = 'Busy' | 'CommandFailed' | 'LeftBehind' | 'Missing' | 'TimedOut';

/** What failed in the local environment: `operation` is what was done, `message` why it failed, `remedy` what to do about it. */
export class LocalError extends Error {
  override readonly name = 'LocalError';
  readonly code: LocalErrorCode;
  readonly operation: string;
  readonly remedy?: string;

  constructor(init: {
    readonly code: LocalErrorCode;
    readonly operation: string;
    readonly message: string;
    readonly remedy?: string;
    readonly cause?: unknown;
  }) {
    super(init.message, { cause: init.cause });
    this.code = init.code;
    this.operation = init.operation;
    this.remedy = init.remedy;
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
