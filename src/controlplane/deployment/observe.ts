import type { V1ContainerStatus, V1DeploymentCondition, V1PodCondition } from '@kubernetes/client-node';
import { isLastingReason, type LastingReason } from '../../api/v1alpha1/reasons.ts';
import type { Deployment, Pod } from '../../kube/resources.ts';
import { done, failed, type StepResult, waiting } from '../component.ts';

/** A running control plane. */
export interface Workload {
  readonly readyReplicas: number;
  /** Pods whose API server answers, by name. */
  readonly serving: readonly ServingPod[];
  /** Whether all replicas run what is wanted. */
  readonly rollout: StepResult;
}

export interface ServingPod {
  readonly name: string;
  readonly ip: string;
  /** Changes whenever the API server of this pod starts anew. */
  readonly incarnation: string;
}

/** What the Deployment and its pods say about the control plane. */
export function observeWorkload(
  deployment: Deployment | undefined,
  pods: readonly Pod[],
): StepResult<Workload> {
  if (!deployment) return waiting('DeploymentPending', 'The Deployment is being made.');
  const replicas = deployment.spec?.replicas ?? 1;
  if (replicas === 0)
    return waiting('Stopped', 'spec.controlPlane.deployment.replicas is 0: the state is kept, nothing runs.');

  const staying = pods.filter((pod) => !pod.metadata?.deletionTimestamp);
  const serving = staying.flatMap(toServingPod).sort((a, b) => (a.name < b.name ? -1 : 1));
  if (serving.length > 0) {
    return done({ readyReplicas: serving.length, serving, rollout: observeRollout(deployment, staying) });
  }

  const problem = staying.map(problemOf).find((each) => each !== undefined);
  if (problem) return failed(problem.reason, problem.message);
  const rejected = deployment.status?.conditions?.find(
    (each) => each.type === 'ReplicaFailure' && each.status === 'True',
  );
  if (rejected) return rejection(rejected);
  if (staying.some(wasReady)) {
    return waiting('ApiServerNotReady', 'The API server runs and says that it cannot serve.');
  }
  return waiting(
    'ApiServerStarting',
    pods.length === 0 ? 'The pods are being made.' : 'The API server is starting.',
  );
}

function rejection({
  reason,
  message = 'The pods cannot be made.',
}: V1DeploymentCondition): StepResult<never> {
  return isLastingReason(reason)
    ? failed(reason, message)
    : failed('ReplicaFailure', reason ? `${reason}: ${message}` : message);
}

function observeRollout(deployment: Deployment, pods: readonly Pod[]): StepResult {
  const wanted = deployment.spec?.replicas ?? 1;
  const {
    observedGeneration = 0,
    updatedReplicas = 0,
    readyReplicas = 0,
    replicas = 0,
  } = deployment.status ?? {};
  const isCurrent = observedGeneration >= (deployment.metadata?.generation ?? 0);
  if (isCurrent && updatedReplicas === wanted && readyReplicas >= wanted && replicas === wanted)
    return done(undefined);
  const problem = pods.map(problemOf).find((each) => each !== undefined);
  if (problem) return failed(problem.reason, problem.message);
  return waiting(
    'RollingOut',
    `${Math.min(updatedReplicas, readyReplicas)} of ${wanted} replicas run what is wanted.`,
  );
}

function toServingPod(pod: Pod): ServingPod[] {
  const status = containerStatus(pod, 'kube-apiserver');
  const ip = pod.status?.podIP;
  if (!status?.ready || !ip || isLost(pod)) return [];
  const incarnation = `${pod.metadata?.uid}/${status.restartCount}`;
  return [{ name: pod.metadata?.name ?? '', ip, incarnation }];
}

/**
 * Whether its node has gone silent. The node lifecycle controller then turns the pod's Ready and nothing else
 * (kubernetes pkg/controller/util/node); the kubelet gives a reason whenever it does.
 */
function isLost(pod: Pod): boolean {
  const ready = podCondition(pod, 'Ready');
  return (
    ready?.status === 'False' && !ready.reason && podCondition(pod, 'ContainersReady')?.status === 'True'
  );
}

/** Whether this very process of the API server was ready before. */
function wasReady(pod: Pod): boolean {
  const { startedAt } = containerStatus(pod, 'kube-apiserver')?.state?.running ?? {};
  const ready = podCondition(pod, 'Ready');
  if (!startedAt || !ready?.lastTransitionTime) return false;
  return Date.parse(String(ready.lastTransitionTime)) > Date.parse(String(startedAt));
}

function podCondition(pod: Pod, type: string): V1PodCondition | undefined {
  return pod.status?.conditions?.find((condition) => condition.type === type);
}

function containerStatus(pod: Pod, name: string): V1ContainerStatus | undefined {
  return pod.status?.containerStatuses?.find((status) => status.name === name);
}

/** Waiting reasons of the kubelet that do not pass by themselves. */
const kubeletReasons: ReadonlySet<string> = new Set([
  'CrashLoopBackOff',
  'CreateContainerConfigError',
  'CreateContainerError',
  'ErrImageNeverPull',
  'ErrImagePull',
  'ImagePullBackOff',
  'InvalidImageName',
  'RunContainerError',
] satisfies LastingReason[]);

interface Problem {
  readonly reason: LastingReason;
  readonly message: string;
}

function problemOf(pod: Pod): Problem | undefined {
  const scheduled = podCondition(pod, 'PodScheduled');
  if (scheduled?.status === 'False' && scheduled.reason === 'Unschedulable') {
    return { reason: 'Unschedulable', message: scheduled.message ?? 'No node has room for the pod.' };
  }
  if (isLost(pod)) {
    return { reason: 'NodeLost', message: `The node of pod ${pod.metadata?.name} no longer reports.` };
  }
  const { initContainerStatuses = [], containerStatuses = [] } = pod.status ?? {};
  return [...initContainerStatuses, ...containerStatuses]
    .map(containerProblem)
    .find((problem) => problem !== undefined);
}

function containerProblem(status: V1ContainerStatus): Problem | undefined {
  const { reason, message } = status.state?.waiting ?? {};
  if (!isLastingReason(reason) || !kubeletReasons.has(reason)) return undefined;
  const last = status.lastState?.terminated;
  const cause = last ? `last exit ${last.exitCode}: ${lastLine(last.message)}` : message;
  return { reason, message: `${status.name}: ${cause ?? reason}` };
}

function lastLine(message: string | undefined): string {
  const lines = (message ?? '').trim().split('\n');
  return lines.at(-1)?.slice(0, 512) || 'no output';
}
