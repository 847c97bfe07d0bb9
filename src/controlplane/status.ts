import type {
  TenantControlPlane,
  TenantControlPlaneStatus,
  TimelineStep,
} from '../api/v1alpha1/tenant-control-plane.ts';
import { type ConditionType, conditionTypes } from '../api/v1alpha1/condition-types.ts';
import { type ConditionUpdate, findCondition, setConditions } from '../engine/conditions.ts';
import { toTime } from '../kube/time.ts';
import { kubeconfigKey } from './admin-kubeconfig/build.ts';
import type { StepResult } from './component.ts';
import { storeOf } from './datastore-access/store-of.ts';
import type { Workload } from './deployment/observe.ts';
import { podSelector, type TenantNames } from './names.ts';
import {
  expiringCondition,
  type Policies,
  type PolicyCondition,
  policyParts,
  policyStatus,
  stillMeant,
} from './policy-status.ts';
import { type Endpoint, formatEndpoint } from './service/endpoint.ts';
import { isShut, observeBudget } from './storage-budget.ts';

/** How far a reconcile came, step by step. */
export interface Progress extends Policies {
  readonly endpoint: StepResult<Endpoint>;
  /** Whether the published address answers. */
  readonly endpointCheck: StepResult;
  readonly partition: StepResult<unknown>;
  readonly certificates: StepResult<unknown>;
  readonly workload: StepResult<Workload>;
  readonly bootstrap: StepResult;
  readonly addons: StepResult;
  readonly adminKubeconfig: StepResult;
  readonly rootsFingerprint?: string;
  readonly expiries?: readonly { readonly name: string; readonly notAfter: Date }[];
  readonly version?: string;
  /** UID of the TenantRestore whose contents have just arrived. */
  readonly restoredBy?: string;
  /** Pods that exist, ready or not. */
  readonly pods: number;
  /** Of what was last written inside the tenant cluster. */
  readonly bootstrapHash?: string;
}

/** The status that a reconcile leaves behind; the same object again when nothing changed. */
export function buildStatus(
  tenant: TenantControlPlane,
  names: TenantNames,
  progress: Progress,
  now: Date,
): TenantControlPlaneStatus {
  const previous = tenant.status ?? {};
  const conditions = setConditions(stillMeant(tenant, progress), conditionsOf(tenant, progress), now);
  const workload = progress.workload.state === 'Done' ? progress.workload.value : undefined;
  const dataStore = storeOf(tenant);
  const isRolledOut = progress.partition.state === 'Done' && workload?.rollout.state === 'Done';
  return {
    ...previous,
    observedGeneration: tenant.metadata?.generation,
    phase: isShut(tenant) ? 'Degraded' : phaseOf(progress),
    conditions: [...conditions],
    runtimeId: names.runtimeId,
    dataStore,
    ...(isRolledOut && dataStore !== undefined && { runningOn: dataStore }),
    selector: toSelector(names.runtimeId),
    replicas: progress.pods,
    readyReplicas: workload?.readyReplicas ?? 0,
    timeline: extendTimeline(tenant, progress, now),
    ...policyStatus(tenant, progress, { now, isSettled: isSettled(tenant, progress) }),
    ...learned(progress, names),
  };
}

/** What this reconcile came to know; the rest stays as it was known before. */
function learned(progress: Progress, names: TenantNames): TenantControlPlaneStatus {
  const { endpoint, adminKubeconfig, rootsFingerprint, restoredBy, version, bootstrapHash, expiries } =
    progress;
  return {
    ...(endpoint.state === 'Done' && { controlPlaneEndpoint: formatEndpoint(endpoint.value) }),
    ...(adminKubeconfig.state === 'Done' && {
      adminKubeconfig: { name: names.adminKubeconfig, key: kubeconfigKey },
    }),
    ...(rootsFingerprint && { rootsFingerprint }),
    ...(restoredBy && { restoredBy }),
    ...(version && { version }),
    ...(bootstrapHash && { bootstrapHash }),
    ...(expiries && {
      certificates: expiries.map(({ name, notAfter }) => ({ name, notAfter: toTime(notAfter) })),
    }),
  };
}

type PartCondition = Exclude<ConditionType, PolicyCondition>;

/** Conditions that Ready is the sum of, in the order in which they come about. */
function readyParts(
  tenant: TenantControlPlane,
  progress: Progress,
): readonly (readonly [PartCondition, StepResult<unknown>])[] {
  const required = tenant.spec.networkProfile.endpointCheck === 'Required';
  const budget = observeBudget(tenant);
  return [
    ...(budget && isShut(tenant) ? [['WithinBudget', budget] as const] : []),
    ['DataStoreReady', progress.partition],
    ['CertificatesReady', both(progress.certificates, progress.adminKubeconfig)],
    ['WorkloadReady', progress.workload],
    ['BootstrapReady', progress.bootstrap],
    ['EndpointReady', required ? both(progress.endpoint, progress.endpointCheck) : progress.endpoint],
  ];
}

/** Whether it is all that is wanted of it by now, every replica. */
function isSettled(tenant: TenantControlPlane, progress: Progress): boolean {
  const { workload, admission, addons } = progress;
  if (admission?.isShort) return false;
  // A stopped one has nothing to prove.
  if (workload.state === 'Waiting' && workload.reason === 'Stopped') return true;
  if (workload.state !== 'Done' || workload.value.rollout.state !== 'Done') return false;
  return addons.state === 'Done' && readyParts(tenant, progress).every(([, step]) => step.state === 'Done');
}

function conditionsOf(tenant: TenantControlPlane, progress: Progress): ConditionUpdate[] {
  const parts = readyParts(tenant, progress);
  const generation = tenant.metadata?.generation;
  const all = new Map<ConditionType, ConditionUpdate>();
  const update = (type: ConditionType, step: StepResult<unknown>, message: string) =>
    all.set(type, toCondition(type, step, message, generation));

  for (const [type, step] of parts) update(type, step, doneMessages[type]);
  // An API server that answers is enough for Ready; the workload is as it should be only when every replica is.
  if (progress.workload.state === 'Done') {
    update('WorkloadReady', progress.workload.value.rollout, doneMessages.WorkloadReady);
  }
  if (tenant.spec.networkProfile.endpointCheck === 'Skip') {
    update('EndpointReady', progress.endpoint, 'The published address is known; it is not checked.');
  }
  if (!isApplied(progress)) sayOfBefore(all, tenant);
  update('AddonsReady', progress.addons, doneMessages.AddonsReady);
  const budget = observeBudget(tenant);
  if (budget) update('WithinBudget', budget, budget.state === 'Done' ? budget.value : '');
  for (const { type, step, message } of policyParts(tenant, progress)) update(type, step, message);
  const expiring = expiringCondition(progress, generation);
  if (expiring) all.set('Expiring', expiring);
  const blocking = progress.admission?.held ?? blockingIn(parts);
  update('Ready', blocking ?? { state: 'Done', value: undefined }, doneMessages.Ready);
  return conditionTypes.flatMap((type) => all.get(type) ?? []);
}

/** What failed explains more than what merely waits for it. */
function blockingIn(parts: ReturnType<typeof readyParts>): StepResult<unknown> | undefined {
  const steps = parts.map(([, step]) => step);
  return steps.find(({ state }) => state === 'Failed') ?? steps.find(({ state }) => state === 'Waiting');
}

/** What runs is of an earlier specification, and whatever is said of it is said of that one. */
function sayOfBefore(
  all: Map<ConditionType, ConditionUpdate>,
  { metadata, status }: TenantControlPlane,
): void {
  const workload = all.get('WorkloadReady');
  if (!workload) return;
  const before = findCondition(status?.conditions, 'WorkloadReady');
  const observedGeneration = before?.observedGeneration ?? metadata?.generation;
  all.set('WorkloadReady', { ...workload, observedGeneration });
}

/** Whether the Deployment was compared with what is wanted: without its parts it is left as it is. */
function isApplied(progress: Progress): boolean {
  return progress.partition.state === 'Done' && progress.certificates.state === 'Done';
}

const doneMessages: Record<PartCondition, string> = {
  Ready: 'Workers can join.',
  DataStoreReady: 'The partition and its credential are in place.',
  EndpointReady: 'The published address is known and answers.',
  CertificatesReady: 'All certificates are valid.',
  WorkloadReady: 'Every replica runs what is wanted.',
  BootstrapReady: 'Everything that kubeadm join needs is in place.',
  AddonsReady: 'All addons are applied.',
  WithinBudget: 'Keeps its storage budget.',
};

function toCondition(
  type: ConditionType,
  step: StepResult<unknown>,
  message: string,
  observedGeneration: number | undefined,
): ConditionUpdate {
  switch (step.state) {
    case 'Done':
      return {
        type,
        status: 'True',
        reason: type === 'Ready' ? 'Joinable' : 'AsExpected',
        message,
        observedGeneration,
      };
    case 'Waiting':
      return { type, status: 'False', reason: step.reason, message: step.message, observedGeneration };
    case 'Failed':
      return { type, status: 'False', reason: step.reason, message: step.message, observedGeneration };
  }
}

function phaseOf(progress: Progress): TenantControlPlaneStatus['phase'] {
  if (progress.admission?.held) return 'Pending';
  if (progress.workload.state === 'Waiting' && progress.workload.reason === 'Stopped') return 'Stopped';
  const steps = [
    progress.partition,
    progress.endpoint,
    progress.endpointCheck,
    progress.certificates,
    progress.adminKubeconfig,
    progress.workload,
    progress.bootstrap,
  ];
  if (steps.some((step) => step.state === 'Failed')) return 'Degraded';
  return steps.every((step) => step.state === 'Done') ? 'Ready' : 'Provisioning';
}

function extendTimeline(
  tenant: TenantControlPlane,
  progress: Progress,
  now: Date,
): NonNullable<TenantControlPlaneStatus['timeline']> {
  const timeline = [...(tenant.status?.timeline ?? [])];
  const created = Date.parse(tenant.metadata?.creationTimestamp ?? now.toISOString());
  const reach = (step: TimelineStep, reached: boolean) => {
    if (!reached || timeline.some((entry) => entry.step === step)) return;
    timeline.push({ step, time: toTime(now), milliseconds: Math.max(0, now.getTime() - created) });
  };
  const workloadExists =
    progress.workload.state === 'Done' ||
    (progress.workload.reason !== 'DeploymentPending' && progress.workload.reason !== 'StartPending');
  reach('Accepted', true);
  reach('EndpointAssigned', progress.endpoint.state === 'Done');
  reach('CertificatesIssued', progress.certificates.state === 'Done');
  reach('PartitionReady', progress.partition.state === 'Done');
  reach('WorkloadCreated', workloadExists && progress.certificates.state === 'Done');
  reach('ApiServerReady', progress.workload.state === 'Done');
  reach('Bootstrapped', progress.bootstrap.state === 'Done');
  reach('AddonsApplied', progress.addons.state === 'Done');
  reach(
    'Ready',
    readyParts(tenant, progress).every(([, step]) => step.state === 'Done'),
  );
  return timeline;
}

function both(first: StepResult<unknown>, second: StepResult<unknown>): StepResult<unknown> {
  return first.state === 'Done' ? second : first;
}

function toSelector(id: string): string {
  return Object.entries(podSelector(id))
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}
