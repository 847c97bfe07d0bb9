import type { V1ContainerStatus } from '@kubernetes/client-node';
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

  const serving = pods
    .filter((pod) => !pod.metadata?.deletionTimestamp)
    .flatMap(toServingPod)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  if (serving.length > 0) {
    return done({ readyReplicas: serving.length, serving, rollout: observeRollout(deployment, pods) });
  }

  const problem = pods.map(problemOf).find((each) => each !== undefined);
  if (problem) return failed(problem.reason, problem.message);
  const rejected = deployment.status?.conditions?.find(
    (each) => each.type === 'ReplicaFailure' && each.status === 'True',
  );
  if (rejected)
    return failed(rejected.reason ?? 'ReplicaFailure', rejected.message ?? 'The pods cannot be made.');
  return waiting(
    'ApiServerStarting',
    pods.length === 0 ? 'The pods are being made.' : 'The API server is starting.',
  );
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
  if (!status?.ready || !ip) return [];
  const incarnation = `${pod.metadata?.uid}/${status.restartCount}`;
  return [{ name: pod.metadata?.name ?? '', ip, incarnation }];
}

function containerStatus(pod: Pod, name: string): V1ContainerStatus | undefined {
  return pod.status?.containerStatuses?.find((status) => status.name === name);
}

/** Waiting reasons of the kubelet that do not pass by themselves. */
const lastingReasons = new Set([
  'CrashLoopBackOff',
  'CreateContainerConfigError',
  'CreateContainerError',
  'ErrImageNeverPull',
  'ErrImagePull',
  'ImagePullBackOff',
  'InvalidImageName',
  'RunContainerError',
]);

interface Problem {
  readonly reason: string;
  readonly message: string;
}

function problemOf(pod: Pod): Problem | undefined {
  const unschedulable = pod.status?.conditions?.find(
    (each) => each.type === 'PodScheduled' && each.status === 'False' && each.reason === 'Unschedulable',
  );
  if (unschedulable) {
    return { reason: 'Unschedulable', message: unschedulable.message ?? 'No node has room for the pod.' };
  }
  return (pod.status?.containerStatuses ?? []).map(containerProblem).find((problem) => problem !== undefined);
}

function containerProblem(status: V1ContainerStatus): Problem | undefined {
  const { reason, message } = status.state?.waiting ?? {};
  if (!reason || !lastingReasons.has(reason)) return undefined;
  const last = status.lastState?.terminated;
  const cause = last ? `last exit ${last.exitCode}: ${lastLine(last.message)}` : message;
  return { reason, message: `${status.name}: ${cause ?? reason}` };
}

function lastLine(message: string | undefined): string {
  const lines = (message ?? '').trim().split('\n');
  return lines.at(-1)?.slice(0, 512) || 'no output';
}
