/**
 * - `InvalidRequest`: what was asked for cannot be put in a certificate; `field` names the culprit.
 * - `Unreadable`: the text is not the PEM it should be.
 * - `IssuerMismatch`: the issuer's private key is not its certificate's, or the certificate is not an authority's.
 */
export type PkiErrorCode = 'InvalidRequest' | 'Unreadable' | 'IssuerMismatch';

/** `operation` is e.g. `issue certificate kube-apiserver`. Messages never hold key material. */
export class PkiError extends Error {
  override readonly name = 'PkiError';
  readonly code: PkiErrorCode;
  readonly operation: string;
  /** Path in the request, e.g. `ipAddresses[1]`. */
  readonly field?: string;

  constructor(init: {
    readonly code: PkiErrorCode;
    readonly operation: string;
    readonly message: string;
    readonly field?: string;
    readonly cause?: unknown;
  }) {
    super([init.operation, init.field, init.message].filter(Boolean).join(': '), { cause: init.cause });
    this.code = init.code;
    this.operation = init.operation;
    this.field = init.field;
  }
}

/** A field of a request that cannot be; the operation that was refused turns it into a {@link PkiError}. */
export class FieldError extends Error {
  override readonly name = 'FieldError';
  readonly field: string;

  constructor(field: string, message: string) {
    super(message);
    this.field = field;
  }
}

/** Runs `work` and says of every {@link FieldError} in it which operation it spoiled. */
export function refusing<T>(operation: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof FieldError)) throw error;
    throw new PkiError({
      code: 'InvalidRequest',
      operation,
      field: error.field,
      message: error.message,
      cause: error.cause,
    });
  }
}
