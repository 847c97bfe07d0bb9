import type { KubeClient } from './client.ts';
import { type Pod, pods } from './resources.ts';

export interface PodLogRequest {
  readonly namespace: string;
  readonly labelSelector: string;
  readonly container: string;
  /** The last ones of each pod. */
  readonly lines: number;
  /** Bytes of one pod at most, by how many pods there are. */
  readonly bytesOfEach: (pods: number) => number;
}

/** What one pod's container has written, or why that cannot be had: then `status` is not 200, and `text` says it. */
export interface PodLog {
  readonly pod: string;
  readonly status: number;
  readonly text: string;
}

/** Of each selected pod that has such a container. Rejects with a `KubeError`. */
export async function readPodLogs(client: KubeClient, request: PodLogRequest): Promise<readonly PodLog[]> {
  const { namespace, labelSelector, container, lines, bytesOfEach } = request;
  const { items } = await client.list(pods, { namespace, labelSelector });
  const found = items.filter((pod) => hasContainer(pod, container));
  const limitBytes = `${bytesOfEach(found.length)}`;
  const query = new URLSearchParams({ container, tailLines: `${lines}`, limitBytes }).toString();
  return await Promise.all(
    found.map(async ({ metadata }) => {
      const pod = metadata?.name ?? '';
      const { status, body } = await client.probe(`/api/v1/namespaces/${namespace}/pods/${pod}/log?${query}`);
      // Its container waits, or the kubelet does not answer: the API server says which, in a Status.
      return { pod, status, text: status === 200 ? body : (messageOf(body) ?? `status ${status}`) };
    }),
  );
}

/** As one text; with several pods, each begins with a line of its name. */
export function joinPodLogs(logs: readonly PodLog[]): string {
  const texts = logs.map(({ status, text }) => (status === 200 ? text : `(no log: ${text})\n`));
  if (texts.length === 1) return texts[0] ?? '';
  return texts.map((text, index) => `==> ${logs[index]?.pod} <==\n${text}`).join('\n');
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
