import type { LastingReason, Reason } from '../api/v1alpha1/reasons.ts';

/**
 * What a step of a reconcile came to. `Waiting` is not an error: an event will bring the tenant back.
 * reason goes into the condition as it is; message says what to do where somebody has to.
 */
export type StepResult<T = undefined> =
  | { readonly state: 'Done'; readonly value: T }
  | {
      readonly state: 'Waiting';
      readonly reason: Reason;
      readonly message: string;
      readonly requeueAfterMs?: number;
    }
  | {
      readonly state: 'Failed';
      readonly reason: LastingReason;
      readonly message: string;
      readonly cause?: unknown;
    };

/** Of a step that did not come to its end. */
export type Unfinished = Exclude<StepResult<never>, { readonly state: 'Done' }>;

export function done<T>(value: T): StepResult<T> {
  return { state: 'Done', value };
}

export function waiting(reason: Reason, message: string, requeueAfterMs?: number): Unfinished {
  return { state: 'Waiting', reason, message, requeueAfterMs };
}

/** With a `cause` the tenant is tried again with back-off; without one it stays as it is until something changes. */
export function failed(reason: LastingReason, message: string, cause?: unknown): Unfinished {
  return { state: 'Failed', reason, message, cause };
}
