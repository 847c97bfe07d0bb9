import type { TenantKubeconfig, TenantKubeconfigStatus } from '../api/v1alpha1/tenant-kubeconfig.ts';
import type { StepResult, Unfinished } from '../controlplane/component.ts';
import { type ConditionUpdate, setConditions } from '../engine/conditions.ts';
import { toTime } from '../kube/time.ts';
import type { CertificateFacts } from '../pki/index.ts';
import { kubeconfigId, kubeconfigKey, secretNameOf } from './names.ts';

/** The certificate in the Secret. */
export interface Issued extends Pick<CertificateFacts, 'serialNumber' | 'notBefore' | 'notAfter'> {
  /** When it has to be looked at again: it is to be renewed, or ends. */
  readonly until: Date;
}

export interface Progress {
  /** The Secret with a certificate that is valid. */
  readonly credential: StepResult<Issued>;
  /** The rights of the kubeconfig’s own group. */
  readonly access: StepResult;
  /** Of the control plane, once anything was made for it. */
  readonly runtimeId?: string | undefined;
}

/** The status that a reconcile leaves behind. */
export function buildStatus(
  kubeconfig: TenantKubeconfig,
  progress: Progress,
  now: Date,
): TenantKubeconfigStatus {
  const { metadata, status } = kubeconfig;
  const generation = metadata?.generation;
  const ready = { ...readiness(progress), observedGeneration: generation };
  const { credential } = progress;
  return {
    ...status,
    ...(generation !== undefined && { observedGeneration: generation }),
    conditions: [...setConditions(status?.conditions, [ready], now)],
    id: kubeconfigId(kubeconfig),
    ...(progress.runtimeId !== undefined && { runtimeId: progress.runtimeId }),
    ...(credential.state === 'Done' && {
      secret: { name: secretNameOf(kubeconfig), key: kubeconfigKey },
      serial: credential.value.serialNumber,
      notBefore: toTime(credential.value.notBefore),
      notAfter: toTime(credential.value.notAfter),
    }),
  };
}

/** The same without its Secret, which is gone; which certificate it was stays to be read. */
export function buildExpiredStatus(
  { metadata, status }: TenantKubeconfig,
  { end, goneAt, now }: { readonly end: Date; readonly goneAt: Date; readonly now: Date },
): TenantKubeconfigStatus {
  const { secret: _gone, ...rest } = status ?? {};
  const generation = metadata?.generation;
  const ready: ConditionUpdate = {
    type: 'Ready',
    status: 'False',
    reason: 'Expired',
    message: `The certificate has ended at ${toTime(end)}; its Secret and rights are gone. This object is deleted at ${toTime(goneAt)}.`,
    observedGeneration: generation,
  };
  return {
    ...rest,
    ...(generation !== undefined && { observedGeneration: generation }),
    conditions: [...setConditions(status?.conditions, [ready], now)],
  };
}

/** Nothing can be done before something else is. */
export function blockedBy(problem: Unfinished): Progress {
  return { credential: problem, access: problem };
}

function readiness({ credential, access }: Progress): ConditionUpdate {
  const steps = [credential, access];
  const problem =
    steps.find(({ state }) => state === 'Failed') ?? steps.find(({ state }) => state === 'Waiting');
  if (problem && problem.state !== 'Done') {
    return { type: 'Ready', status: 'False', reason: problem.reason, message: problem.message };
  }
  const until = credential.state === 'Done' ? ` until ${toTime(credential.value.notAfter)}` : '';
  return {
    type: 'Ready',
    status: 'True',
    reason: 'Issued',
    message: `The kubeconfig is valid${until}. Deleting this object takes back the rights of clusterRole; the certificate itself cannot be taken back.`,
  };
}
