import { labels } from '../controlplane/names.ts';
import type { KubeClient } from '../kube/client.ts';
import { parseQuantity } from '../kube/quantity.ts';
import type { KubeObject, Resource } from '../kube/resource.ts';
import type { Pod } from '../kube/resources.ts';
import type { PodReading } from './levels.ts';

/** metrics.k8s.io/v1beta1 (k8s.io/metrics): `usage.cpu` is a rate over `window`, `usage.memory` the working set. */
interface PodMetrics extends KubeObject {
  timestamp?: string;
  window?: string;
  containers?: readonly { readonly usage?: Readonly<Record<string, string>> }[];
}

const podMetrics: Resource<PodMetrics> = {
  apiVersion: 'metrics.k8s.io/v1beta1',
  kind: 'PodMetrics',
  plural: 'pods',
  namespaced: true,
};

/** Milliseconds after which a measurement says nothing of now. */
const staleMs = 150_000;

type Usage = NonNullable<PodReading['usage']>;

/** Of every control-plane pod that is measured, by its name. Rejects with a `KubeError`, `NotFound` where nobody serves that API. */
export async function listPodUsage(
  client: Pick<KubeClient, 'list'>,
  namespace: string,
  { now, signal }: { readonly now: Date; readonly signal: AbortSignal },
): Promise<ReadonlyMap<string, Usage>> {
  const labelSelector = `${labels.component}=control-plane`;
  // The API knows no pages.
  const { items } = await client.list(podMetrics, { namespace, labelSelector, limit: 0, signal });
  const readings = items.flatMap((item): [string, Usage][] => {
    const usage = usageOf(item, now);
    return usage && item.metadata?.name ? [[item.metadata.name, usage]] : [];
  });
  return new Map(readings);
}

function usageOf({ timestamp = '', containers = [] }: PodMetrics, now: Date): Usage | undefined {
  if (!(now.getTime() - Date.parse(timestamp) < staleMs) || containers.length === 0) return undefined;
  const sumOf = (resource: string) => {
    let sum = 0;
    for (const { usage } of containers) sum += parseQuantity(usage?.[resource] ?? '') ?? NaN;
    return sum;
  };
  const usage = { cpuCores: sumOf('cpu'), memoryBytes: sumOf('memory') };
  return usage.cpuCores >= 0 && usage.memoryBytes >= 0 ? usage : undefined;
}

/** Pods that may use something, with what is known of it. */
export function podReadings(pods: readonly Pod[], usage: ReadonlyMap<string, Usage>): readonly PodReading[] {
  return pods
    .filter(({ status }) => status?.phase === 'Running')
    .map(({ metadata }) => {
      const reading = usage.get(metadata?.name ?? '');
      const createdMs = Date.parse(metadata?.creationTimestamp ?? '') || 0;
      return { createdMs, ...(reading && { usage: reading }) };
    });
}
