import type { StepResult } from '../component.ts';

const firstMs = 100;
const longestMs = 30_000;

/** The delay of a step that asks to be looked at again and leaves it to `lookAgain` when. */
export const soon = 0;

/**
 * How long to wait before look number `attempt` (from 0) at a tenant that is not settled: at once at a birth, when a node
 * programs an address within a second, and ever more rarely where it takes a person.
 */
export function lookAgainMs(attempt: number): number {
  return Math.min(longestMs, firstMs * 2 ** Math.min(attempt, 16));
}

/** The step with that delay, if it is one that asks to be looked at again. */
export function lookAgain(step: StepResult, ms: number): StepResult {
  return step.state === 'Waiting' && step.requeueAfterMs !== undefined
    ? { ...step, requeueAfterMs: ms }
    : step;
}
