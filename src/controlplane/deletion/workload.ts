import type { Deployment, Pod } from '../../kube/resources.ts';
import { done, failed, type StepResult, waiting } from '../component.ts';
import { labels } from '../names.ts';
import { keepersOf } from './remaining.ts';

/** Milliseconds past the end of its grace period in which a kubelet that is there has reported a pod gone. */
const overdueAfterMs = 30_000;

export interface WorkloadFacts {
  readonly runtimeId: string;
  readonly deployment: Deployment | undefined;
  readonly pods: readonly Pod[];
  readonly now: Date;
}

/**
 * How far the pods are on their way out. Marina removes no pod by force: the API server in it may well be running, on a
 * machine that is cut off.
 */
export function observeStopping({ runtimeId, deployment, pods, now }: WorkloadFacts): StepResult {
  if (!deployment && pods.length === 0) return done(undefined);
  const overdue = pods.filter((pod) => overdueAt(pod) <= now.getTime());
  if (overdue.length > 0) return failed('PodsStuck', overdue.slice(0, 3).map(explainStuck).join(' '));
  if (!deployment && pods.every((pod) => !pod.metadata?.deletionTimestamp))
    return abandonedPods(pods, runtimeId);
  const message =
    deployment && pods.length === 0
      ? `Deployment ${deployment.metadata?.name} is going away${keptBy(deployment)}.`
      : `Pods that are stopping: ${pods.length}.`;
  const next = Math.min(...pods.map(overdueAt));
  return waiting('Deleting', message, Number.isFinite(next) ? next - now.getTime() : undefined);
}

/**
 * Whether it takes more than the caches know: to go on, since what follows cannot be taken back and caches may be behind,
 * and to explain what is overdue.
 */
export function needsCloserLook({ deployment, pods, now }: WorkloadFacts): boolean {
  return !deployment || pods.some((pod) => overdueAt(pod) <= now.getTime());
}

function overdueAt({ metadata }: Pod): number {
  // The API server puts the end of the grace period there.
  const end = metadata?.deletionTimestamp;
  return end ? Date.parse(end) + overdueAfterMs : Infinity;
}

function explainStuck({ metadata, spec }: Pod): string {
  const { namespace, name, deletionTimestamp, finalizers = [] } = metadata ?? {};
  const should = `Pod ${name} should have ended at ${deletionTimestamp}`;
  if (finalizers.length > 0)
    return `${should} and is kept by ${finalizers.join(', ')}: whoever put that there has to take it away.`;
  const node = spec?.nodeName;
  return (
    `${should}, but node ${node} does not report it gone. Mend the node's kubelet; if the machine is down for good: kubectl delete node ${node}. ` +
    `Marina does not remove a pod by force, since its API server may still run; ` +
    `whoever knows that it does not: kubectl -n ${namespace} delete pod ${name} --grace-period=0 --force`
  );
}

/** A Deployment that was taken away without its pods. */
function abandonedPods(pods: readonly Pod[], runtimeId: string): StepResult {
  const namespace = pods[0]?.metadata?.namespace;
  return failed(
    'PodsStuck',
    `${pods.length} pods run without their Deployment, so nothing stops them: ` +
      `kubectl -n ${namespace} delete replicasets,pods -l ${labels.runtimeId}=${runtimeId}`,
  );
}

function keptBy(deployment: Deployment): string {
  const keepers = keepersOf(deployment);
  return keepers.length > 0 ? ` and is kept by ${keepers.join(', ')}` : '';
}
