import { z } from 'zod';
import { isKubeError, type KubeError, type KubeErrorCode } from '../../kube/errors.ts';
import { type DatabaseError, isDatabaseError } from '../../persistence/errors.ts';

const kinds = {
  InvalidRequest: { status: 400, title: 'The request is malformed' },
  Unauthenticated: { status: 401, title: 'Who asks is not known' },
  Forbidden: { status: 403, title: 'Not allowed' },
  NotFound: { status: 404, title: 'There is no such thing' },
  MethodNotAllowed: { status: 405, title: 'Not with this method' },
  NotAcceptable: { status: 406, title: 'Nothing that the client accepts' },
  AlreadyExists: { status: 409, title: 'There is one already' },
  Conflict: { status: 409, title: 'It is not in a state for this' },
  Expired: { status: 410, title: 'The cursor is too old, or none' },
  PreconditionFailed: { status: 412, title: 'It has been changed meanwhile' },
  BodyTooLarge: { status: 413, title: 'The body is too large' },
  UnsupportedMediaType: { status: 415, title: 'Not in this format' },
  InvalidObject: { status: 422, title: 'The object says something that cannot be' },
  IdempotencyKeyReused: { status: 422, title: 'The idempotency key stands for another request' },
  PreconditionRequired: { status: 428, title: 'A precondition is required' },
  TooManyRequests: { status: 429, title: 'Too many requests' },
  Internal: { status: 500, title: 'Marina failed' },
  Unavailable: { status: 503, title: 'Not for now' },
} as const;

export type ProblemCode = keyof typeof kinds;

const fieldProblem = z.object({
  pointer: z.string().optional().describe('RFC 6901 pointer into the body.'),
  parameter: z.string().optional().describe('Name of a parameter or header.'),
  detail: z.string().describe('What is wrong with it.'),
});

/** What is wrong with one member of a request. */
export type FieldProblem = Readonly<z.output<typeof fieldProblem>>;

/** Problem details (RFC 9457), with a code for machines and the members that are wrong. */
export const problem = z
  .object({
    type: z.string().describe('URI that names the kind of problem.'),
    title: z.string(),
    status: z.int32(),
    code: z.enum(Object.keys(kinds) as [ProblemCode, ...ProblemCode[]]).describe('The kind, for machines.'),
    detail: z.string().describe('What happened here, and what to do.'),
    errors: z.array(fieldProblem).readonly().optional().describe('Members of the request that are wrong.'),
    instance: z.string().optional().describe('What was asked for.'),
    requestId: z.string().optional().describe('Names this request in logs and in the audit trail.'),
  })
  .meta({ id: 'Problem', description: 'Problem details (RFC 9457).' });

export type Problem = Readonly<z.output<typeof problem>>;

/** What an answer with this status says. */
export function titleOf(status: number): string {
  const titles = Object.values(kinds).flatMap((kind) => (kind.status === status ? [kind.title] : []));
  return titles.length > 0 ? `${titles.join('; or: ')}.` : '';
}

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
  // Of an object that could not be read as one at all.
  if (field === '<nil>') return '';
  const segments = [...field.replace(/^metadata\./, '').matchAll(/\[([^\]]*)\]|[^.[\]]+/g)].map(
    ([whole, bracketed]) => bracketed ?? whole,
  );
  return segments.map((segment) => `/${segment.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

function withoutOperation({ operation, message }: KubeError): string {
  return message.startsWith(`${operation}: `) ? message.slice(operation.length + 2) : message;
}

function fromDatabaseError(error: DatabaseError): ProblemError {
  const detail =
    'The management database, which keeps the audit trail, does not answer. Nothing was changed; control planes go on.';
  return new ProblemError('Unavailable', detail, { retryAfterSeconds: 5, cause: error });
}

/** Anything that was thrown while a request was served. */
export function asProblem(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  if (isKubeError(error)) return fromKubeError(error);
  if (isDatabaseError(error)) return fromDatabaseError(error);
  return new ProblemError('Internal', 'Marina failed at this request; its log has more.', { cause: error });
}
