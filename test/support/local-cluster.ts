import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { apiVersion } from '../../src/api/v1alpha1/meta.ts';
import type { TenantControlPlaneSpecInput } from './defaults.ts';
import { type TenantControlPlane, tenantControlPlanes } from '../../src/api/v1alpha1/tenant-control-plane.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { connect } from '../../src/kube/kubeconfig.ts';
import { namespaces, secrets } from '../../src/kube/resources.ts';
import { decodeData } from '../../src/kube/secret-data.ts';
import { ensureBinaries } from '../../hack/toolchain/binaries.ts';
import { type LocalEnvironment, readEnvironment } from '../../hack/local/local-environment.ts';
import { freePort } from './ports.ts';
import { waitUntil } from './wait-until.ts';

/** The environment of `npm run up`, with tenants of the test's own in a namespace of the test's own. */
export interface LocalCluster extends AsyncDisposable {
  readonly environment: LocalEnvironment;
  /** Administrator of the management cluster. */
  readonly client: KubeClient;
  readonly namespace: string;
  /** Made now, deleted at the end. What is left out of the spec is as in manifests/samples/tenant.yaml, on DataStore `default`. */
  createTenant(name: string, spec?: Partial<TenantControlPlaneSpecInput>): Promise<void>;
  deleteTenant(name: string): Promise<void>;
  tenant(name: string): Promise<TenantControlPlane | undefined>;
  /** The tenant once `accept` likes it; 3 minutes at most. */
  tenantWhere(name: string, accept: (tenant: TenantControlPlane) => boolean): Promise<TenantControlPlane>;
  /** Administrator of a tenant's cluster, by the kubeconfig that its user is given. */
  tenantClient(name: string): Promise<KubeClient>;
  /** A Secret of the namespace that control planes run in, as text by key. */
  controlPlaneSecret(name: string): Promise<Readonly<Record<string, string>>>;
  /** etcdctl against the shared store, as the owner of a client certificate; `Secret` names are of `marina-system`. */
  etcdctl(
    credential: { readonly certificateFile: string; readonly keyFile: string; readonly caFile: string },
    args: readonly string[],
  ): Promise<string>;
  /** To a port of a pod of `marina-system`. */
  portForward(pod: string, port: number): Promise<AsyncDisposable & { readonly port: number }>;
}

export interface OpenOptions {
  /** Of the test file: becomes the namespace. */
  readonly name: string;
}

const tenantTimeoutMs = 180_000;

/** Machines of these tenants are containers: the patches of the sample make room for that. */
export const containerWorkers = {
  kubernetes: {
    version: 'v1.36.3',
    kubelet: {
      configurationPatches: [
        { op: 'add', path: '/cgroupDriver', value: 'cgroupfs' },
        { op: 'add', path: '/failCgroupV1', value: false },
        { op: 'add', path: '/oomScoreAdj', value: 0 },
      ],
    },
  },
  addons: {
    kubeProxy: {
      configurationPatches: [{ op: 'add', path: '/conntrack', value: { maxPerCore: 0, min: 0 } }],
    },
  },
} satisfies TenantControlPlaneSpecInput;

export async function openLocalCluster({ name }: OpenOptions): Promise<LocalCluster> {
  const stack = new AsyncDisposableStack();
  const environment = stack.use(await readEnvironment(`e2e-${name}`));
  const client = await connect({ kubeconfigFile: environment.managementKubeconfig });
  stack.defer(() => client.close());
  const namespace = `e2e-${name}`;
  await client.apply(namespaces, { metadata: { name: namespace } }, { fieldManager: 'e2e' });
  stack.defer(async () => {
    await client.delete(namespaces, { name: namespace });
    await waitUntil(
      `namespace ${namespace} is gone`,
      async () => !(await client.get(namespaces, { name: namespace })),
      120_000,
    );
  });

  const tenant = (tenantName: string) => client.get(tenantControlPlanes, { namespace, name: tenantName });
  return {
    environment,
    client,
    namespace,
    tenant,
    async createTenant(tenantName, spec = {}) {
      await client.create(tenantControlPlanes, {
        apiVersion,
        kind: 'TenantControlPlane',
        metadata: { name: tenantName, namespace },
        spec: {
          ...containerWorkers,
          dataStore: 'default',
          controlPlane: { service: { serviceType: 'NodePort' } },
          ...spec,
        },
      } as unknown as TenantControlPlane);
    },
    async deleteTenant(tenantName) {
      await client.delete(tenantControlPlanes, { namespace, name: tenantName });
      await waitUntil(`tenant ${tenantName} is gone`, async () => !(await tenant(tenantName)), 60_000);
    },
    tenantWhere: (tenantName, accept) =>
      waitUntil(
        `tenant ${tenantName} is as expected`,
        async () => {
          const live = await tenant(tenantName);
          return live && accept(live) && live;
        },
        tenantTimeoutMs,
      ),
    async tenantClient(tenantName) {
      const file = await environment.fetchTenantKubeconfig(tenantName, namespace);
      const tenantClient = await connect({ kubeconfig: await readFile(file, 'utf8') });
      stack.defer(() => tenantClient.close());
      return tenantClient;
    },
    async controlPlaneSecret(secretName) {
      return decodeData(await client.get(secrets, { namespace: 'marina-tenants', name: secretName }));
    },
    etcdctl: (credential, args) => etcdctl(environment, credential, args),
    portForward: (pod, port) => portForward(environment, pod, port),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

export function isReady(tenant: TenantControlPlane): boolean {
  return conditionOf(tenant, 'Ready')?.status === 'True';
}

export function conditionOf(tenant: TenantControlPlane, type: string) {
  return tenant.status?.conditions?.find((condition) => condition.type === type);
}

async function etcdctl(
  environment: LocalEnvironment,
  credential: { readonly certificateFile: string; readonly keyFile: string; readonly caFile: string },
  args: readonly string[],
): Promise<string> {
  const { etcdctl: program } = await ensureBinaries(['etcdctl']);
  await using forward = await portForward(environment, 'etcd-0', 2379);
  const { certificateFile, keyFile, caFile } = credential;
  const tls = ['--cacert', caFile, '--cert', certificateFile, '--key', keyFile];
  const { stdout } = await promisify(execFile)(program, [
    '--endpoints',
    `127.0.0.1:${forward.port}`,
    ...tls,
    ...args,
  ]);
  return stdout;
}

/** To a port of a pod of `marina-system`, for as long as it is not disposed of. */
async function portForward(
  environment: LocalEnvironment,
  pod: string,
  podPort: number,
): Promise<AsyncDisposable & { readonly port: number }> {
  const { kubectl } = await ensureBinaries(['kubectl']);
  const port = await freePort();
  const where = ['--kubeconfig', environment.managementKubeconfig, '--namespace', 'marina-system'];
  const forward = spawn(kubectl, [...where, 'port-forward', `pod/${pod}`, `${port}:${podPort}`], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  await once(forward.stdout, 'data');
  return {
    port,
    async [Symbol.asyncDispose]() {
      forward.kill();
      await once(forward, 'exit');
    },
  };
}
