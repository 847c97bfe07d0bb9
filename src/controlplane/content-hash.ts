import { createHash } from 'node:crypto';

/** SHA-256 of a value's JSON, lower-case hexadecimal: equal for equal values built in the same order. */
export function contentHash(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}
