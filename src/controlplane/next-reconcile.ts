import { done, requeueAfter, type Result } from '../engine/result.ts';
import type { StepResult } from './component.ts';
import type { Progress } from './status.ts';

export interface NextReconcileInput {
  readonly progress: Progress;
  readonly renewAt: Date | undefined;
  /** Milliseconds until its life is over, or the warning of it is due. */
  readonly expiryMs?: number | undefined;
  readonly now: Date;
  readonly resyncMs: number;
  /** In [0, 1): spreads the resyncs of tenants that were born together. */
  readonly random: number;
}

/**
 * Milliseconds until a tenant of which a step failed is looked at again. What it waits for may have happened while that was
 * being found out: a Secret that was gone and came back leaves no DataStore with news.
 */
const failedRetryMs = 60_000;

/** The longest delay that a timer of Node takes. */
const maxDelayMs = 2 ** 31 - 1;

/**
 * When a tenant has to be looked at without an event: when a step named a time, when a certificate is due, and at the
 * resync. @throws the cause of a step that failed in a way that a retry may cure, so that the engine backs off.
 */
export function nextReconcile(input: NextReconcileInput): Result {
  const steps = stepsOf(input.progress);
  for (const step of steps) {
    if (step.state === 'Failed' && step.cause !== undefined) throw toError(step.cause);
  }
  const delays: { ms: number; reason: string }[] = steps.flatMap((step) =>
    step.state === 'Waiting' && step.requeueAfterMs !== undefined
      ? [{ ms: step.requeueAfterMs, reason: step.reason }]
      : [],
  );
  if (input.renewAt)
    delays.push({ ms: Math.max(0, input.renewAt.getTime() - input.now.getTime()), reason: 'Renewal' });
  if (input.expiryMs !== undefined) delays.push({ ms: Math.max(0, input.expiryMs), reason: 'Expiry' });
  // Also where an event is awaited: one that was missed must not be waited for in vain.
  const jitter = 1 + 0.1 * input.random;
  delays.push({ ms: input.resyncMs * jitter, reason: 'Resync' });
  if (steps.some(({ state }) => state === 'Failed'))
    delays.push({ ms: failedRetryMs * jitter, reason: 'Retry' });
  const [next] = delays.sort((a, b) => a.ms - b.ms);
  return next ? requeueAfter(Math.min(next.ms, maxDelayMs), next.reason) : done;
}

function stepsOf(progress: Progress): readonly StepResult<unknown>[] {
  return [
    progress.endpoint,
    progress.partition,
    progress.certificates,
    progress.adminKubeconfig,
    progress.workload,
    ...(progress.workload.state === 'Done' ? [progress.workload.value.rollout] : []),
    progress.bootstrap,
    progress.addons,
    progress.endpointCheck,
  ];
}

function toError(cause: unknown): Error {
  return cause instanceof Error ? cause : new Error(String(cause));
}
