import type { KubeClient } from '../../src/kube/client.ts';
import { pods } from '../../src/kube/resources.ts';
import { seriesOf, sumBy, sumOf } from './prometheus.ts';

/** What Marina's own process says of itself. */
export interface ManagerSample {
  /** Another one is another process, whose counters began anew. */
  readonly pod: string;
  readonly residentBytes: number;
  readonly cpuSeconds: number;
  /** Calls to the management cluster's API server since the start. */
  readonly requests: number;
  /** The same by `verb resource`. */
  readonly requestsBy: ReadonlyMap<string, number>;
  /** Calls to tenants' API servers, by `verb resource`. */
  readonly tenantRequestsBy: ReadonlyMap<string, number>;
}

/** Scrapes the leader, which is the only replica in the local environment. */
export async function sampleManager(client: KubeClient): Promise<ManagerSample> {
  const { items } = await client.list(pods, {
    namespace: 'marina-system',
    labelSelector: 'app.kubernetes.io/name=marina',
  });
  const running = items.find((pod) => pod.status?.phase === 'Running' && !pod.metadata?.deletionTimestamp);
  const name = running?.metadata?.name;
  const { status, body } = await client.probe(
    `/api/v1/namespaces/marina-system/pods/${name}:8080/proxy/metrics`,
  );
  if (status !== 200) throw new Error(`metrics of pod ${name}: status ${status}`);
  const requests = seriesOf(body, 'rest_client_requests_total');
  const labels = ['verb', 'resource'];
  return {
    pod: `${name}/${running?.status?.containerStatuses?.[0]?.restartCount}`,
    residentBytes: sumOf(body, 'process_resident_memory_bytes'),
    cpuSeconds: sumOf(body, 'process_cpu_seconds_total'),
    requests: sumOf(body, 'rest_client_requests_total'),
    requestsBy: sumBy(requests, labels),
    tenantRequestsBy: sumBy(seriesOf(body, 'marina_tenant_requests_total'), labels),
  };
}
