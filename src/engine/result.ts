/** How a reconcile ended, when it did not fail. */
export type Result =
  { readonly kind: 'done' } | { readonly kind: 'requeue'; readonly afterMs: number; readonly reason: string };

export const done: Result = { kind: 'done' };

/**
 * "Not yet": look again in `ms` milliseconds at the latest. Not an error: nothing is logged above debug, and the key's
 * back-off starts anew. `reason` is for the log, in a word or two.
 */
export function requeueAfter(ms: number, reason: string): Result {
  return { kind: 'requeue', afterMs: ms, reason };
}

/** Trying again cannot help: the key rests until something that it watches changes. */
export class TerminalError extends Error {
  override readonly name = 'TerminalError';
}
