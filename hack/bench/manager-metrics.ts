import type { KubeClient } from '../../src/kube/client.ts';
import { pods } from '../../src/kube/resources.ts';

/** What Marina's own process says of itself. */
export interface ManagerSample {
  readonly residentBytes: number;
  readonly cpuSeconds: number;
  /** Calls to the management cluster's API server since the start. */
  readonly requests: number;
}

/** Scrapes the leader, which is the only replica in the local environment. */
export async function sampleManager(client: KubeClient): Promise<ManagerSample> {
  const { items } = await client.list(pods, {
    namespace: 'marina-system',
    labelSelector: 'app.kubernetes.io/name=marina',
  });
  const name = items.find((pod) => pod.status?.phase === 'Running' && !pod.metadata?.deletionTimestamp)
    ?.metadata?.name;
  const { status, body } = await client.probe(
    `/api/v1/namespaces/marina-system/pods/${name}:8080/proxy/metrics`,
  );
  if (status !== 200) throw new Error(`metrics of pod ${name}: status ${status}`);
  return {
    residentBytes: sumOf(body, 'process_resident_memory_bytes'),
    cpuSeconds: sumOf(body, 'process_cpu_seconds_total'),
    requests: sumOf(body, 'rest_client_requests_total'),
  };
}

/** The sum over all series of one metric in the Prometheus text format. */
export function sumOf(text: string, metric: string): number {
  let sum = 0;
  for (const line of text.split('\n')) {
    if (!line.startsWith(`${metric} `) && !line.startsWith(`${metric}{`)) continue;
    sum += Number(line.slice(line.lastIndexOf(' ') + 1));
  }
  return sum;
}
