import { ProblemError } from '../problem/problem.ts';

/**
 * The version that one strong ETag names, as `etagOf` makes them (RFC 9110 section 13.1.1); undefined without a condition.
 * @throws ProblemError for what is no such ETag, or can be nobody's
 */
export function readIfMatch(condition: string | undefined): string | undefined {
  if (condition === undefined) return undefined;
  const [, version] = /^"([1-9]\d{0,18})"$/.exec(condition.trim()) ?? [];
  if (version !== undefined) return version;
  if (/^(W\/)?"[^"]*"$/.test(condition.trim()))
    throw new ProblemError('PreconditionFailed', 'If-Match names nothing that there has ever been.');
  const errors = [{ parameter: 'If-Match', detail: 'has to be one ETag, as an answer had it, e.g. "4711"' }];
  throw new ProblemError('InvalidRequest', 'Something in the request is not as it should be.', { errors });
}

/** @throws ProblemError without a condition as well */
export function requireIfMatch(condition: string | undefined): string {
  const version = readIfMatch(condition);
  if (version !== undefined) return version;
  throw new ProblemError('PreconditionRequired', 'Send `If-Match` with the ETag of what you have read.');
}
