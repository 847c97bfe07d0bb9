import type { ApiErrorCode, FieldProblem } from '../client/api-error.ts';
import { isApiError } from '../client/api-error.ts';

/** What a program that ran `marina` can tell by its status. Documented in docs/guides/cli.md. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  denied: 4,
  conflict: 5,
  timeout: 6,
  unavailable: 7,
} as const;

export type Outcome = keyof typeof exitCodes;

/** A command that failed: `message` is one sentence on what happened, `advice` one on what to do. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly code: Exclude<Outcome, 'ok'>;
  readonly advice: string | undefined;

  constructor(
    code: Exclude<Outcome, 'ok'>,
    message: string,
    more: { readonly advice?: string; readonly cause?: unknown } = {},
  ) {
    super(message, { cause: more.cause });
    this.code = code;
    this.advice = more.advice;
  }
}

/** A failure as it is told. */
export interface Failure {
  readonly outcome: Exclude<Outcome, 'ok'>;
  readonly message: string;
  readonly advice?: string | undefined;
  readonly errors: readonly FieldProblem[];
  readonly requestId?: string | undefined;
}

interface Meaning {
  readonly outcome: Exclude<Outcome, 'ok'>;
  readonly advice?: string;
}

const meanings: Readonly<Partial<Record<ApiErrorCode, Meaning>>> = {
  Unauthenticated: {
    outcome: 'denied',
    advice: 'Sign in with `marina login`, or set MARINA_TOKEN to a token for the audience marina.dev.',
  },
  Forbidden: { outcome: 'denied', advice: '`marina doctor` shows who you are and what you may do.' },
  NotFound: { outcome: 'notFound' },
  AlreadyExists: { outcome: 'conflict' },
  Conflict: { outcome: 'conflict' },
  Expired: { outcome: 'conflict', advice: 'Run the command again.' },
  PreconditionFailed: { outcome: 'conflict', advice: 'Run the command again.' },
  IdempotencyKeyReused: { outcome: 'conflict' },
  Timeout: { outcome: 'timeout', advice: 'Try again, or see what `marina doctor` says.' },
  Aborted: { outcome: 'timeout' },
  TooManyRequests: { outcome: 'unavailable', advice: 'Try again in a moment.' },
  Unavailable: { outcome: 'unavailable', advice: 'Try again in a moment.' },
  Unreachable: {
    outcome: 'unavailable',
    advice: 'Check the address and the network; `marina doctor` goes step by step.',
  },
  Untrusted: {
    outcome: 'unavailable',
    advice: 'Give the certificate authority with --ca-file or MARINA_CA_FILE.',
  },
  NotUnderstood: { outcome: 'unavailable', advice: 'Check that the address is that of Marina’s REST API.' },
};

/** Anything that was thrown. */
export function asFailure(error: unknown): Failure {
  if (error instanceof CliError) {
    const { code: outcome, message, advice } = error;
    return { outcome, message, advice, errors: [] };
  }
  if (isApiError(error)) {
    const { message, errors, requestId } = error;
    return { outcome: 'failed', ...meanings[error.code], message, errors, requestId };
  }
  const { code, message } = error as { readonly code?: unknown; readonly message?: string };
  const isOfFile = typeof code === 'string' && /^E[A-Z]+$/.test(code);
  return {
    outcome: 'failed',
    message: message ?? String(error),
    errors: [],
    ...(!isOfFile && { advice: 'This should not happen: please report it, with the command.' }),
  };
}

/** One line, then one for each member of the request that is wrong. */
export function formatFailure(failure: Failure, isVerbose: boolean): string {
  const { message, advice, errors, requestId } = failure;
  const sentence = oneLine(message);
  const first = `Error: ${/[.!?]$/.test(sentence) ? sentence : `${sentence}.`}${advice === undefined ? '' : ` ${advice}`}`;
  const fields = errors.map(
    ({ pointer, parameter, detail }) => `  ${pointer ?? parameter ?? ''}: ${oneLine(detail)}`,
  );
  const request = isVerbose && requestId !== undefined ? [`  request id: ${requestId}`] : [];
  return [first, ...fields, ...request].join('\n');
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
