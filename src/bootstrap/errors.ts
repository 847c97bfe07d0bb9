import type { BootstrapPhase } from './component.ts';

export type BootstrapErrorCode = 'PatchFailed' | 'UnsupportedVersion';

/** What is asked for cannot be built: the tenant's spec has to change before a retry can help. */
export class BootstrapError extends Error {
  override readonly name = 'BootstrapError';
  readonly code: BootstrapErrorCode;
  readonly operation: string;
  readonly phase: BootstrapPhase;
  /** For the person who wrote the spec: what to change. */
  readonly whatToDo: string;

  constructor(init: {
    readonly code: BootstrapErrorCode;
    readonly phase: BootstrapPhase;
    readonly message: string;
    readonly whatToDo: string;
    readonly cause?: unknown;
  }) {
    super(init.message, { cause: init.cause });
    this.code = init.code;
    this.operation = `build ${init.phase}`;
    this.phase = init.phase;
    this.whatToDo = init.whatToDo;
  }
}
