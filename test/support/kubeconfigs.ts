import { apiVersion } from '../../src/api/v1alpha1/meta.ts';
import type { TenantControlPlane } from '../../src/api/v1alpha1/tenant-control-plane.ts';
import {
  type TenantKubeconfig,
  tenantKubeconfigs,
  type TenantKubeconfigSpec,
} from '../../src/api/v1alpha1/tenant-kubeconfig.ts';
import { runtimeId } from '../../src/controlplane/runtime-id.ts';
import { findCondition } from '../../src/engine/conditions.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { connect } from '../../src/kube/kubeconfig.ts';
import { refOf } from '../../src/kube/resource.ts';
import { secrets, services } from '../../src/kube/resources.ts';
import { decodeData } from '../../src/kube/secret-data.ts';
import { waitUntil } from './wait-until.ts';

/** A TenantKubeconfig `ci` in namespace `team-a` for TenantControlPlane `demo`, with every default; `spec` is what the test is about. */
export function aKubeconfig(
  spec: Partial<TenantKubeconfigSpec> = {},
  metadata: Partial<NonNullable<TenantKubeconfig['metadata']>> = {},
): TenantKubeconfig {
  return {
    apiVersion,
    kind: 'TenantKubeconfig',
    metadata: {
      name: 'ci',
      namespace: 'team-a',
      uid: '0d9c3e0e-6a52-4d2a-8d0e-5a4c2f6b7a11',
      generation: 1,
      ...metadata,
    },
    spec: {
      controlPlaneName: 'demo',
      user: 'ci',
      groups: [],
      namespaces: [],
      lifetimeSeconds: 86_400,
      renew: false,
      ...spec,
    },
  };
}

/** Makes it in the management cluster, which gives it a uid of its own. */
export async function createKubeconfig(
  client: KubeClient,
  { apiVersion: version, kind, metadata, spec }: TenantKubeconfig,
): Promise<TenantKubeconfig> {
  const { name, namespace, labels } = metadata ?? {};
  return client.create(tenantKubeconfigs, {
    apiVersion: version,
    kind,
    metadata: { name, namespace, labels },
    spec,
  });
}

/** The kubeconfig once `accept` likes it. */
export async function kubeconfigWhere(
  client: KubeClient,
  kubeconfig: TenantKubeconfig,
  accept: (kubeconfig: TenantKubeconfig) => boolean,
  timeoutMs?: number,
): Promise<TenantKubeconfig> {
  let live: TenantKubeconfig | undefined;
  const ask = async () => {
    live = await client.get(tenantKubeconfigs, refOf(kubeconfig));
    return live && accept(live) && live;
  };
  return waitUntil(`TenantKubeconfig ${kubeconfig.metadata?.name} is as expected`, ask, timeoutMs).catch(
    (cause: unknown) => {
      throw new Error(`${String(cause)}\n${JSON.stringify(live?.status)}`, { cause });
    },
  );
}

export function readinessOf({ status }: TenantKubeconfig) {
  return findCondition(status?.conditions, 'Ready');
}

export function isIssued(kubeconfig: TenantKubeconfig): boolean {
  return readinessOf(kubeconfig)?.status === 'True';
}

/** The file in its Secret; undefined when there is none. */
export async function fileOf(
  client: KubeClient,
  { metadata, status }: TenantKubeconfig,
): Promise<string | undefined> {
  const { name = '', key = '' } = status?.secret ?? {};
  const secret = await client.get(secrets, { namespace: metadata?.namespace, name });
  return decodeData(secret)[key];
}

/** Inside a tenant that runs on the machine, with this file; whoever asked closes it. */
export async function connectWith(
  management: KubeClient,
  file: string,
  { metadata }: TenantControlPlane,
): Promise<KubeClient> {
  const name = runtimeId(metadata?.uid ?? '');
  const service = await management.get(services, { namespace: 'marina-tenants', name });
  const { clusterIP, ports } = service?.spec ?? {};
  // No NodePort and no load balancer leads to the machine.
  return connect({
    kubeconfig: file.replace(/server: .*/, `server: https://${clusterIP}:${ports?.[0]?.port}`),
  });
}
