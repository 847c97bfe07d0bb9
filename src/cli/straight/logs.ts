import type { TenantControlPlane } from '../../api/v1alpha1/tenant-control-plane.ts';
import { ApiError } from '../../client/api-error.ts';
import type { KubeClient } from '../../kube/client.ts';
import { type Pod, pods } from '../../kube/resources.ts';
import type { LogRequest } from '../backend.ts';
import { notFound } from './errors.ts';
import { answered } from './objects.ts';

/** Where Marina runs control planes by default. */
const tenantsNamespace = 'marina-tenants';
/** Of one pod at most. */
const maxBytes = 1024 * 1024;

/** What a program of a control plane has written last; with several pods, each begins with a line of its name. */
export async function readLogs(
  client: KubeClient,
  { metadata, status }: TenantControlPlane,
  request: LogRequest,
): Promise<string> {
  const none = notFound(`Control plane ${metadata?.name} has no pod with ${request.component}.`);
  if (status?.selector === undefined) throw none;
  const labelSelector = status.selector;
  const { items } = await answered(client.list(pods, { namespace: tenantsNamespace, labelSelector }));
  const found = items.filter((pod) => hasContainer(pod, request.component));
  if (found.length === 0) throw none;
  const texts = await Promise.all(found.map((pod) => ofPod(client, pod, request)));
  if (texts.length === 1) return texts[0] ?? '';
  return texts.map((text, index) => `==> ${found[index]?.metadata?.name} <==\n${text}`).join('\n');
}

async function ofPod(
  client: KubeClient,
  { metadata }: Pod,
  { component, lines }: LogRequest,
): Promise<string> {
  const query = new URLSearchParams({
    container: component,
    tailLines: `${lines}`,
    limitBytes: `${maxBytes}`,
  });
  const path = `/api/v1/namespaces/${tenantsNamespace}/pods/${metadata?.name}/log?${query.toString()}`;
  const { status, body } = await answered(client.probe(path));
  if (status === 200) return body;
  const message = messageOf(body) ?? `status ${status}`;
  if (status === 403) throw new ApiError({ code: 'Forbidden', operation: 'read log', status, message });
  return `(no log: ${message})\n`;
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
