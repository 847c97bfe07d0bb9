import type { StepResult } from '../controlplane/component.ts';
import { requeueAfter, type Result } from '../engine/result.ts';

export interface NextLookInput {
  readonly steps: readonly StepResult<unknown>[];
  /** When the certificate is due or ends. */
  readonly until: Date | undefined;
  readonly now: Date;
  readonly resyncMs: number;
  /** In [0, 1): spreads those that were made together. */
  readonly random: number;
}

/** Milliseconds until one that failed is looked at again: of a Secret in the way, or of a role in the tenant, no event tells. */
const failedRetryMs = 60_000;

/**
 * When a kubeconfig has to be looked at without an event. @throws the cause of a step that failed in a way that a retry may
 * cure, so that the engine backs off.
 */
export function nextLook({ steps, until, now, resyncMs, random }: NextLookInput): Result {
  const jitter = 1 + 0.1 * random;
  let next = { ms: resyncMs * jitter, reason: 'Resync' };
  const atMost = (ms: number, reason: string) => {
    if (ms < next.ms) next = { ms, reason };
  };
  for (const step of steps) {
    if (step.state === 'Failed' && step.cause !== undefined) throw toError(step);
    if (step.state === 'Failed') atMost(failedRetryMs * jitter, 'Retry');
    if (step.state === 'Waiting' && step.requeueAfterMs !== undefined)
      atMost(step.requeueAfterMs, step.reason);
  }
  if (until) atMost(Math.max(0, until.getTime() - now.getTime()), 'Renewal');
  return requeueAfter(next.ms, next.reason);
}

function toError({ message, cause }: { readonly message: string; readonly cause?: unknown }): Error {
  return cause instanceof Error ? cause : new Error(message, { cause });
}
