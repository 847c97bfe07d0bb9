import { apiGroup, apiVersion } from '../../api/v1alpha1/meta.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { KubeObject, Resource } from '../../kube/resource.ts';
import type { Backend, Finding } from '../backend.ts';
import { aboutClock, aboutFailure, examineContents } from '../examination.ts';
import { asApiError } from './errors.ts';

interface SelfSubjectReview extends KubeObject {
  readonly status?: {
    readonly userInfo?: { readonly username?: string; readonly groups?: readonly string[] };
  };
}

const selfSubjectReviews: Resource<SelfSubjectReview> = {
  apiVersion: 'authentication.k8s.io/v1',
  kind: 'SelfSubjectReview',
  plural: 'selfsubjectreviews',
  namespaced: false,
};

/** From the API server up to the control planes; ends where the rest would be pointless. */
export async function* examineStraight(
  backend: Backend,
  {
    client,
    now,
    namespace,
  }: { readonly client: KubeClient; readonly now: () => Date; readonly namespace: string },
): AsyncGenerator<Finding> {
  try {
    yield {
      check: 'server',
      result: 'ok',
      message: `${backend.address} answers; ${await backend.serverVersion()}`,
    };
  } catch (error: unknown) {
    yield aboutFailure('server', error);
    return;
  }
  try {
    const { status, metadata } = await client.create(selfSubjectReviews, {});
    const { username = 'nobody', groups = [] } = status?.userInfo ?? {};
    yield {
      check: 'sign-in',
      result: 'ok',
      message: `you are ${username}, in ${groups.join(', ') || 'no group'}`,
    };
    if (metadata?.creationTimestamp) yield aboutClock('clock', new Date(metadata.creationTimestamp), now());
  } catch (error: unknown) {
    yield aboutFailure('sign-in', asApiError(error));
    return;
  }
  const { status } = await client.probe(`/apis/${apiVersion}`);
  if (status === 404) {
    yield {
      check: 'Marina',
      result: 'failed',
      message: `the cluster has nothing of ${apiGroup}`,
      advice:
        'Check that the kubeconfig is that of the management cluster; docs/guides/installing.md tells how to install Marina.',
    };
    return;
  }
  yield { check: 'Marina', result: 'ok', message: `the cluster has ${apiVersion}` };
  yield* examineContents(backend, namespace);
}
