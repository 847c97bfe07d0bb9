import { apiVersion } from '../../src/api/v1alpha1/meta.ts';
import { type TenantControlPlane, tenantControlPlanes } from '../../src/api/v1alpha1/tenant-control-plane.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { type Namespace, namespaces, type Pod, pods, secrets } from '../../src/kube/resources.ts';

/** Of the TenantControlPlanes that measurements make. */
export const benchNamespace = 'marina-bench';
const workloadNamespace = 'marina-tenants';
const readyTimeoutMs = 20 * 60_000;

export interface Birth {
  readonly tenant: TenantControlPlane;
  /** Milliseconds from just before the apply to Ready. */
  readonly readyMs: number;
}

export interface BirthOptions {
  /** CPU requests as low as can be, for more control planes than a node's cores would be promised to. */
  readonly tiny?: boolean;
  /** Where there are two kinds of stores, figures of the one are not those of the other; default `default`. */
  readonly dataStore?: string;
  /** Names are `<prefix>-<index>`; default `bench`. */
  readonly prefix?: string;
}

/** Applies `count` control planes at the same moment and waits until each is Ready. */
export async function bear(
  client: KubeClient,
  count: number,
  options: BirthOptions = {},
): Promise<readonly Birth[]> {
  const namespace: Namespace = { metadata: { name: benchNamespace } };
  await client.apply(namespaces, namespace, { fieldManager: 'bench' });
  return Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const name = `${options.prefix ?? 'bench'}-${index}`;
      const startMs = performance.now();
      await client.apply(tenantControlPlanes, benchTenant(name, options), { fieldManager: 'bench' });
      return { tenant: await untilReady(client, name), readyMs: Math.round(performance.now() - startMs) };
    }),
  );
}

/** Deletes every control plane of the measurements and waits until they are gone. */
export async function removeAll(client: KubeClient): Promise<void> {
  const signal = AbortSignal.timeout(readyTimeoutMs);
  for (;;) {
    const { items, metadata } = await client.list(tenantControlPlanes, { namespace: benchNamespace });
    let left = items.length;
    if (left === 0) return;
    await Promise.all(
      items.map(({ metadata: { name = '' } = {} }) =>
        client.delete(tenantControlPlanes, { namespace: benchNamespace, name }),
      ),
    );
    const events = client.watch(tenantControlPlanes, {
      namespace: benchNamespace,
      resourceVersion: metadata.resourceVersion ?? '',
      timeoutSeconds: 300,
      signal,
    });
    for await (const event of events) {
      if (event.type === 'ERROR') break;
      if (event.type === 'DELETED' && (left -= 1) === 0) return;
    }
  }
}

/** `https://host:port` as workers know it. */
export function publishedAddress(tenant: TenantControlPlane): string {
  return `https://${tenant.status?.controlPlaneEndpoint}`;
}

/** The admin kubeconfig that Marina publishes beside the tenant. */
export async function readKubeconfig(client: KubeClient, tenant: TenantControlPlane): Promise<string> {
  const { name = '', key = '' } = tenant.status?.adminKubeconfig ?? {};
  const secret = await client.get(secrets, { namespace: tenant.metadata?.namespace, name });
  const value = secret?.data?.[key];
  if (!value) throw new Error(`Secret ${tenant.metadata?.namespace}/${name} has no key "${key}"`);
  return Buffer.from(value, 'base64').toString();
}

export function isReady(tenant: TenantControlPlane): boolean {
  return (
    tenant.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false
  );
}

export async function podsOf(
  client: KubeClient,
  tenants: readonly TenantControlPlane[],
): Promise<readonly Pod[]> {
  const ids = new Set(tenants.map((tenant) => tenant.status?.runtimeId));
  const { items } = await client.list(pods, { namespace: workloadNamespace });
  return items.filter((pod) => ids.has(pod.metadata?.labels?.['marina.dev/runtime-id']));
}

/** Restarts of all containers of these pods. */
export function restartsOf(all: readonly Pod[]): number {
  const counts = all.flatMap((pod) => pod.status?.containerStatuses?.map((each) => each.restartCount) ?? []);
  return counts.reduce((sum, each) => sum + each, 0);
}

function benchTenant(
  name: string,
  { tiny = false, dataStore = 'default' }: BirthOptions,
): TenantControlPlane {
  const cpu = { requests: { cpu: '1m' } };
  const resources = { apiServer: cpu, controllerManager: cpu, scheduler: cpu };
  return {
    apiVersion,
    kind: 'TenantControlPlane',
    metadata: { name, namespace: benchNamespace },
    spec: {
      dataStore,
      kubernetes: { version: 'v1.36.3' },
      controlPlane: {
        service: { serviceType: 'NodePort' },
        deployment: { replicas: 1, ...(tiny && { resources }) },
      },
    },
    // What is left out gets its default from the API server.
  } as unknown as TenantControlPlane;
}

async function untilReady(client: KubeClient, name: string): Promise<TenantControlPlane> {
  const signal = AbortSignal.timeout(readyTimeoutMs);
  const fieldSelector = `metadata.name=${name}`;
  for (;;) {
    const { items, metadata } = await client.list(tenantControlPlanes, {
      namespace: benchNamespace,
      fieldSelector,
    });
    const [listed] = items;
    if (listed && isReady(listed)) return listed;
    const events = client.watch(tenantControlPlanes, {
      namespace: benchNamespace,
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
