import { Inject, Injectable } from '@nestjs/common';
import { tenantControlPlanes } from '../../api/v1alpha1/tenant-control-plane.ts';
import { podSelector, tenantNames } from '../../controlplane/names.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { ObjectRef } from '../../kube/resource.ts';
import { type Pod, pods } from '../../kube/resources.ts';
import { ProblemError } from '../problem/problem.ts';
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
    if (!tenant)
      throw new ProblemError(
        'NotFound',
        `There is no control plane ${ref.name} in namespace ${ref.namespace}.`,
      );
    const { runtimeId } = tenantNames(tenant, this.namespace);
    const selector = Object.entries(podSelector(runtimeId)).map(([key, value]) => `${key}=${value}`);
    const { items } = await this.client.list(pods, {
      namespace: this.namespace,
      labelSelector: selector.join(','),
    });
    const running = items.filter((pod) => hasContainer(pod, request.component));
    if (running.length === 0)
      throw new ProblemError('NotFound', `Control plane ${ref.name} has no pod with ${request.component}.`);
    const limitBytes = Math.floor(maxBytes / running.length);
    const texts = await Promise.all(running.map((pod) => this.ofPod(pod, request, limitBytes)));
    if (texts.length === 1) return texts[0] ?? '';
    return texts.map((text, index) => `==> ${running[index]?.metadata?.name} <==\n${text}`).join('\n');
  }

  private async ofPod(
    { metadata }: Pod,
    { component, lines }: LogRequest,
    limitBytes: number,
  ): Promise<string> {
    const query = new URLSearchParams({
      container: component,
      tailLines: `${lines}`,
      limitBytes: `${limitBytes}`,
    });
    const path = `/api/v1/namespaces/${this.namespace}/pods/${metadata?.name}/log?${query.toString()}`;
    const { status, body } = await this.client.probe(path);
    if (status === 200) return body;
    // Its container waits, or the kubelet does not answer: the API server says which, in a Status.
    return `(no log: ${messageOf(body) ?? `status ${status}`})\n`;
  }
}

function hasContainer({ spec }: Pod, name: string): boolean {
  return [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])].some((each) => each.name === name);
}

function messageOf(body: string): string | undefined {
  try {
    const { message } = JSON.parse(body) as { readonly message?: unknown };
    return typeof message === 'string' ? message : undefined;
  } catch {
    return undefined;
  }
}
