import { isKubeError, type KubeError, type KubeErrorCode } from '../../kube/errors.ts';

/** What is wrong with one member of a request: an RFC 6901 pointer into the body, or the name of a parameter. */
export interface FieldProblem {
  readonly pointer?: string;
  readonly parameter?: string;
  readonly detail: string;
}

/** Problem details (RFC 9457), with a code for machines and the members that are wrong. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: ProblemCode;
  readonly detail: string;
  readonly errors?: readonly FieldProblem[];
}

const kinds = {
  InvalidRequest: { status: 400, title: 'The request is malformed' },
  Unauthenticated: { status: 401, title: 'Who asks is not known' },
  Forbidden: { status: 403, title: 'Not allowed' },
  NotFound: { status: 404, title: 'There is no such thing' },
  MethodNotAllowed: { status: 405, title: 'Not with this method' },
  NotAcceptable: { status: 406, title: 'Nothing that the client accepts' },
  AlreadyExists: { status: 409, title: 'There is one already' },
  Conflict: { status: 409, title: 'It is not in a state for this' },
  Expired: { status: 410, title: 'The cursor is too old' },
  PreconditionFailed: { status: 412, title: 'It has been changed meanwhile' },
  BodyTooLarge: { status: 413, title: 'The body is too large' },
  UnsupportedMediaType: { status: 415, title: 'Not in this format' },
  InvalidObject: { status: 422, title: 'The object says something that cannot be' },
  PreconditionRequired: { status: 428, title: 'A precondition is required' },
  TooManyRequests: { status: 429, title: 'Too many requests' },
  Internal: { status: 500, title: 'Marina failed' },
  Unavailable: { status: 503, title: 'Not for now' },
} as const;

export type ProblemCode = keyof typeof kinds;

export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly code: ProblemCode;
  readonly errors: readonly FieldProblem[];
  /** Seconds after which the same request may do. */
  readonly retryAfterSeconds: number | undefined;

  constructor(
    code: ProblemCode,
    detail: string,
    more: {
      readonly errors?: readonly FieldProblem[];
      readonly retryAfterSeconds?: number;
      readonly cause?: unknown;
    } = {},
  ) {
    super(detail, { cause: more.cause });
    this.code = code;
    this.errors = more.errors ?? [];
    this.retryAfterSeconds = more.retryAfterSeconds;
  }
}

export function toProblem({ code, message, errors }: ProblemError): Problem {
  const { status, title } = kinds[code];
  return {
    type: `https://marina.dev/problems/${code}`,
    title,
    status,
    code,
    detail: message,
    ...(errors.length > 0 && { errors }),
  };
}

/** What the management cluster answered, as Marina's own answer to it: its refusals are the user's to know, its troubles are not. */
export function fromKubeError(error: KubeError): ProblemError {
  const code = isMarinasOwn(error) ? 'Unavailable' : (codes[error.code] ?? 'Unavailable');
  const isTheirs = code !== 'Unavailable';
  const detail = isTheirs ? withoutOperation(error) : 'The management cluster does not answer as it should.';
  const retryAfterMs = error.retryAfterMs ?? (isTheirs ? undefined : 5_000);
  return new ProblemError(code, detail, {
    errors: fieldProblems(error),
    ...(retryAfterMs !== undefined && { retryAfterSeconds: Math.ceil(retryAfterMs / 1_000) }),
    cause: error,
  });
}

const codes: Partial<Record<KubeErrorCode, ProblemCode>> = {
  AlreadyExists: 'AlreadyExists',
  BadRequest: 'InvalidRequest',
  Conflict: 'Conflict',
  Expired: 'Expired',
  // By a quota, a policy, a webhook, a namespace that ends.
  Forbidden: 'Forbidden',
  Invalid: 'InvalidObject',
  NotFound: 'NotFound',
  TooManyRequests: 'TooManyRequests',
};

/** What Marina herself may not do is her trouble, and not the user's (k8s.io/apiserver pkg/endpoints/handlers/responsewriters). */
function isMarinasOwn({ code, message }: KubeError): boolean {
  return code === 'Forbidden' && /is forbidden: User "[^"]*" cannot /.test(message);
}

function fieldProblems({ causes, message }: KubeError): readonly FieldProblem[] {
  if (causes.length > 0)
    return causes.map(({ field, message: detail }) => ({ pointer: toPointer(field), detail }));
  // A strict decoder's words: unknown field "spec.foo" (apimachinery pkg/runtime/serializer/json).
  return [...message.matchAll(/unknown field "([^"]+)"/g)].map(([, field = '']) => ({
    pointer: toPointer(field),
    detail: 'is no field of it',
  }));
}

/** e.g. `spec.networkProfile.podCidrs[0]` as `/spec/networkProfile/podCidrs/0`, `metadata.labels[a.b/c]` as `/labels/a.b~1c`: REST has no `metadata`. */
export function toPointer(field: string): string {
  const segments = [...field.replace(/^metadata\./, '').matchAll(/\[([^\]]*)\]|[^.[\]]+/g)].map(
    ([whole, bracketed]) => bracketed ?? whole,
  );
  return segments.map((segment) => `/${segment.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

function withoutOperation({ operation, message }: KubeError): string {
  return message.startsWith(`${operation}: `) ? message.slice(operation.length + 2) : message;
}

/** Anything that was thrown while a request was served. */
export function asProblem(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  if (isKubeError(error)) return fromKubeError(error);
  return new ProblemError('Internal', 'Marina failed at this request; its log has more.', { cause: error });
}
