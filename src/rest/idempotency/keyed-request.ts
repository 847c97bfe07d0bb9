import { hash } from 'node:crypto';
import { canonicalJson } from '../../persistence/canonical-json.ts';
import type { KeyedRequest } from '../../persistence/idempotency/idempotency-keys.ts';
import { ProblemError } from '../problem/problem.ts';

export const keyHeader = 'Idempotency-Key';
/** Visible ASCII. */
export const keyPattern = /^[!-~]{1,255}$/;

/** The parts of a request that a key stands for. */
export interface Asked {
  readonly username: string;
  readonly method: string;
  readonly path: string;
  readonly query: unknown;
  readonly body: unknown;
}

/** @throws ProblemError `InvalidRequest` */
export function readKey(header: string | readonly string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  if (typeof header === 'string' && keyPattern.test(header)) return header;
  const errors = [{ parameter: keyHeader, detail: 'has to be 1 to 255 visible ASCII characters' }];
  throw new ProblemError('InvalidRequest', 'Something in the request is not as it should be.', { errors });
}

/** One user's key for one thing; another's is another. JSON bodies that say the same have one fingerprint. */
export function keyedRequest({ username, method, path, query, body }: Asked, key: string): KeyedRequest {
  return {
    owner: digest([username]),
    scope: digest([username, method, path, key]),
    fingerprint: digest([query ?? {}, body ?? null]),
  };
}

function digest(parts: readonly unknown[]): Buffer {
  return hash('sha256', canonicalJson(parts), 'buffer');
}
