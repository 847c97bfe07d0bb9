import { Inject, Injectable } from '@nestjs/common';
import { tenantControlPlanes } from '../../api/v1alpha1/tenant-control-plane.ts';
import { podSelector, tenantNames } from '../../controlplane/names.ts';
import type { KubeClient } from '../../kube/client.ts';
import { joinPodLogs, readPodLogs } from '../../kube/pod-logs.ts';
import type { ObjectRef } from '../../kube/resource.ts';
import { ProblemError } from '../problem/problem.ts';
import { notThere } from '../resources/custom-resources.ts';
import { MANAGEMENT_CLIENT, TENANTS_NAMESPACE } from '../tokens.ts';

export const logged = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kine'] as const;

export interface LogRequest {
  readonly component: (typeof logged)[number];
  /** The last ones of each pod. */
  readonly lines: number;
}

/** Of all pods together, as all of it is held until it is sent. */
const maxBytes = 1024 * 1024;

/** What the programs of a control plane have written, which run where its owner may not look. */
@Injectable()
export class Logs {
  private readonly client: KubeClient;
  private readonly namespace: string;

  constructor(@Inject(MANAGEMENT_CLIENT) client: KubeClient, @Inject(TENANTS_NAMESPACE) namespace: string) {
    this.client = client;
    this.namespace = namespace;
  }

  /** With several pods, each begins with a line of its name. Rejects with a `ProblemError` or a `KubeError`. */
  async read(ref: ObjectRef, request: LogRequest): Promise<string> {
    const tenant = await this.client.get(tenantControlPlanes, ref);
    if (!tenant) throw notThere({ noun: 'control plane' }, ref);
    const { runtimeId } = tenantNames(tenant, this.namespace);
    const selector = Object.entries(podSelector(runtimeId)).map(([key, value]) => `${key}=${value}`);
    const logs = await readPodLogs(this.client, {
      namespace: this.namespace,
      labelSelector: selector.join(','),
      container: request.component,
      lines: request.lines,
      bytesOfEach: (pods) => Math.floor(maxBytes / pods),
    });
    if (logs.length === 0)
      throw new ProblemError('NotFound', `Control plane ${ref.name} has no pod with ${request.component}.`);
    return joinPodLogs(logs);
  }
}
