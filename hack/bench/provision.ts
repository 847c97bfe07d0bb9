import { setTimeout as delay } from 'node:timers/promises';
import { apiVersion } from '../../src/api/v1alpha1/meta.ts';
import { type TenantControlPlane, tenantControlPlanes } from '../../src/api/v1alpha1/tenant-control-plane.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { type Namespace, namespaces, type Pod, pods } from '../../src/kube/resources.ts';
import { sampleManager } from './manager-metrics.ts';
import { proportionalSetSize, usedMemory } from './memory.ts';

export interface ProvisionResult {
  readonly count: number;
  /** Milliseconds from just before the apply to Ready, one per control plane. */
  readonly readyMs: readonly number[];
  /** Milliseconds after creation at which Marina reached each step; the slowest tenant's. */
  readonly timeline: Readonly<Record<string, number>>;
  readonly usedBytesPerControlPlane: number;
  readonly proportionalBytesPerControlPlane: number;
  readonly managerResidentBytes: number;
  readonly managerCpuSecondsPerControlPlane: number;
  readonly managerRequestsPerControlPlane: number;
  readonly restarts: number;
}

const namespace = 'marina-bench';
/** Memory is read before and after this time of rest: what the round before left has been given back by then. */
const settleMs = 30_000;
const readyTimeoutMs = 20 * 60_000;

/** Bears `count` control planes at once, measures, and takes them away again. */
export async function provision(client: KubeClient, count: number): Promise<ProvisionResult> {
  await ensureNamespace(client);
  await delay(settleMs);
  const memoryBefore = await usedMemory();
  const managerBefore = await sampleManager(client);

  const tenants = await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const name = `bench-${index}`;
      const startMs = performance.now();
      await client.apply(tenantControlPlanes, benchTenant(name), { fieldManager: 'bench' });
      return { tenant: await untilReady(client, name), readyMs: performance.now() - startMs };
    }),
  );
  const managerAfter = await sampleManager(client);
  await delay(settleMs);

  const controlPlanePods = await podsOf(
    client,
    tenants.map(({ tenant }) => tenant),
  );
  const result: ProvisionResult = {
    count,
    readyMs: tenants.map(({ readyMs }) => Math.round(readyMs)),
    timeline: slowestTimeline(tenants.map(({ tenant }) => tenant)),
    usedBytesPerControlPlane: ((await usedMemory()) - memoryBefore) / count,
    proportionalBytesPerControlPlane:
      (await proportionalSetSize(controlPlanePods.map((pod) => pod.metadata?.uid ?? ''))) / count,
    managerResidentBytes: (await sampleManager(client)).residentBytes,
    managerCpuSecondsPerControlPlane: (managerAfter.cpuSeconds - managerBefore.cpuSeconds) / count,
    managerRequestsPerControlPlane: (managerAfter.requests - managerBefore.requests) / count,
    restarts: controlPlanePods.flatMap(restartsOf).reduce((sum, each) => sum + each, 0),
  };
  await removeAll(
    client,
    tenants.map(({ tenant }) => tenant.metadata?.name ?? ''),
  );
  return result;
}

function benchTenant(name: string): TenantControlPlane {
  return {
    apiVersion,
    kind: 'TenantControlPlane',
    metadata: { name, namespace },
    spec: {
      kubernetes: { version: 'v1.36.3' },
      controlPlane: { service: { serviceType: 'NodePort' }, deployment: { replicas: 1 } },
    },
    // What is left out gets its default from the API server.
  } as unknown as TenantControlPlane;
}

async function ensureNamespace(client: KubeClient): Promise<void> {
  const object: Namespace = { metadata: { name: namespace } };
  await client.apply(namespaces, object, { fieldManager: 'bench' });
}

async function untilReady(client: KubeClient, name: string): Promise<TenantControlPlane> {
  const signal = AbortSignal.timeout(readyTimeoutMs);
  const fieldSelector = `metadata.name=${name}`;
  for (;;) {
    const { items, metadata } = await client.list(tenantControlPlanes, { namespace, fieldSelector });
    const [listed] = items;
    if (listed && isReady(listed)) return listed;
    const events = client.watch(tenantControlPlanes, {
      namespace,
      fieldSelector,
      resourceVersion: metadata.resourceVersion ?? '',
      timeoutSeconds: 300,
      signal,
    });
    for await (const event of events) {
      if (event.type === 'ERROR') break;
      if (event.type !== 'BOOKMARK' && isReady(event.object)) return event.object;
    }
  }
}

function isReady(tenant: TenantControlPlane): boolean {
  return (
    tenant.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false
  );
}

async function podsOf(client: KubeClient, tenants: readonly TenantControlPlane[]): Promise<readonly Pod[]> {
  const ids = new Set(tenants.map((tenant) => tenant.status?.runtimeId));
  const { items } = await client.list(pods, { namespace: 'marina-tenants' });
  return items.filter((pod) => ids.has(pod.metadata?.labels?.['marina.dev/runtime-id']));
}

function restartsOf(pod: Pod): readonly number[] {
  return pod.status?.containerStatuses?.map((status) => status.restartCount) ?? [];
}

function slowestTimeline(tenants: readonly TenantControlPlane[]): Readonly<Record<string, number>> {
  const slowest: Record<string, number> = {};
  for (const { step, milliseconds } of tenants.flatMap((tenant) => tenant.status?.timeline ?? [])) {
    slowest[step] = Math.max(slowest[step] ?? 0, milliseconds);
  }
  return slowest;
}

async function removeAll(client: KubeClient, names: readonly string[]): Promise<void> {
  await Promise.all(names.map((name) => client.delete(tenantControlPlanes, { namespace, name })));
  const signal = AbortSignal.timeout(readyTimeoutMs);
  for (;;) {
    const { items, metadata } = await client.list(tenantControlPlanes, { namespace });
    let left = items.length;
    if (left === 0) return;
    const resourceVersion = metadata.resourceVersion ?? '';
    for await (const event of client.watch(tenantControlPlanes, {
      namespace,
      resourceVersion,
      timeoutSeconds: 300,
      signal,
    })) {
      if (event.type === 'ERROR') break;
      if (event.type === 'DELETED' && (left -= 1) === 0) return;
    }
  }
}
