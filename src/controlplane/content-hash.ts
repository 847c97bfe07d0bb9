import { hash } from 'node:crypto';

/** SHA-256 of a value's JSON, lower-case hexadecimal: equal for equal values built in the same order. */
export function contentHash(value: unknown): string {
  return hash('sha256', JSON.stringify(value), 'hex');
}
