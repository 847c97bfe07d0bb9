import path from 'node:path';
import { Registry } from 'prom-client';
import { ensureBinaries } from '../../hack/toolchain/binaries.ts';
import { apiVersion } from '../../src/api/v1alpha1/meta.ts';
import { type DataStore, dataStores } from '../../src/api/v1alpha1/data-store.ts';
import { type TenantControlPlane, tenantControlPlanes } from '../../src/api/v1alpha1/tenant-control-plane.ts';
import { assemble } from '../../src/controller/assemble.ts';
import { systemClock } from '../../src/engine/clock.ts';
import { silentLog } from '../../src/engine/log.ts';
import { EngineMetrics } from '../../src/engine/metrics.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { connect } from '../../src/kube/kubeconfig.ts';
import { namespaces, nodes, secrets } from '../../src/kube/resources.ts';
import { encodeData } from '../../src/kube/secret-data.ts';
import { installCustomResources } from './custom-resources.ts';
import { type EtcdServer, startEtcd } from './etcd.ts';
import { startKubeApiserver } from './kube-apiserver.ts';
import { type RunningProcess, startProcess } from './processes.ts';
import { createTemporaryDirectory } from './temporary-directory.ts';
import { waitUntil } from './wait-until.ts';

export interface ManagementCluster extends AsyncDisposable {
  readonly client: KubeClient;
  /** The shared store behind DataStore `default`. */
  readonly etcd: EtcdServer;
  /** Starts a Marina in this process; the result stops it. */
  startMarina(options?: { readonly resyncMs?: number }): Promise<() => Promise<void>>;
  create(tenant: TenantControlPlane): Promise<TenantControlPlane>;
  /** The tenant once `accept` likes it. */
  tenantWhere(
    tenant: TenantControlPlane,
    accept: (tenant: TenantControlPlane) => boolean,
  ): Promise<TenantControlPlane>;
}

/**
 * A real API server with Marina's kinds and namespaces, the controllers that make pods of Deployments and collect garbage,
 * and a real etcd with mTLS and users as DataStore `default`. Nothing runs on its one Node: pods stay pending.
 */
export async function startManagementCluster(): Promise<ManagementCluster> {
  const stack = new AsyncDisposableStack();
  const [server, etcd] = await Promise.all([startKubeApiserver(), startEtcd()]);
  stack.use(server);
  stack.use(etcd);
  const controllers = await startControllers(stack, server.kubeconfigPath);
  stack.defer(() => controllers.stop());
  const client = await connect({ kubeconfig: server.kubeconfig });
  stack.defer(() => client.close());
  await installCustomResources(client);
  for (const name of ['marina-system', 'marina-tenants', 'team-a', 'team-b']) {
    await client.create(namespaces, { metadata: { name } });
  }
  await createDataStore(client, etcd);
  await createMachine(client);

  return {
    client,
    etcd,
    startMarina: async ({ resyncMs = 300_000 } = {}) => {
      const { manager, close } = assemble({
        client,
        clock: systemClock,
        log: silentLog,
        metrics: new EngineMetrics(new Registry()),
        identity: 'test',
        namespace: 'marina-system',
        workers: 4,
        controlPlanes: { namespace: 'marina-tenants', nodePortAddress: '192.0.2.7', resyncMs },
      });
      const stopping = new AbortController();
      const finished = manager.run(stopping.signal);
      await waitUntil('Marina leads', () => Promise.resolve(manager.leading));
      return async () => {
        stopping.abort();
        await finished;
        await close();
      };
    },
    create: (tenant) =>
      client.create(tenantControlPlanes, {
        ...tenant,
        metadata: { name: tenant.metadata?.name, namespace: tenant.metadata?.namespace },
      }),
    tenantWhere: (tenant, accept) => {
      const { name = '', namespace } = tenant.metadata ?? {};
      return waitUntil(`TenantControlPlane ${namespace}/${name} is as expected`, async () => {
        const live = await client.get(tenantControlPlanes, { name, namespace });
        return live && accept(live) && live;
      });
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

async function startControllers(stack: AsyncDisposableStack, kubeconfig: string): Promise<RunningProcess> {
  const { 'kube-controller-manager': command } = await ensureBinaries(['kube-controller-manager']);
  const directory = stack.use(await createTemporaryDirectory('controllers'));
  return startProcess({
    command,
    args: [
      `--kubeconfig=${kubeconfig}`,
      '--controllers=deployment-controller,replicaset-controller,garbage-collector-controller,serviceaccount-controller',
      '--leader-elect=false',
      '--secure-port=0',
    ],
    logFile: path.join(directory.path, 'kube-controller-manager.log'),
  });
}

/** Room for as many starts as a test may want; without a scheduler and a kubelet none of them comes to its end. */
async function createMachine(client: KubeClient): Promise<void> {
  const { metadata } = await client.create(nodes, { metadata: { name: 'machine' } });
  const body = { metadata, status: { allocatable: { cpu: '64' } } };
  await client.patch(nodes, { name: 'machine' }, { type: 'merge', body }, { subresource: 'status' });
}

async function createDataStore(client: KubeClient, etcd: EtcdServer): Promise<void> {
  const tls = (name: string, credential: { readonly certificate: string; readonly privateKey: string }) =>
    client.create(secrets, {
      metadata: { name, namespace: 'marina-system' },
      type: 'kubernetes.io/tls',
      data: encodeData({ 'tls.crt': credential.certificate, 'tls.key': credential.privateKey }),
    });
  await tls('etcd-datastore-ca', etcd.ca);
  await tls('etcd-datastore-root', etcd.root);
  await client.create(dataStores, {
    apiVersion,
    kind: 'DataStore',
    metadata: { name: 'default' },
    spec: {
      driver: 'etcd',
      endpoints: [...etcd.endpoints],
      tlsConfig: {
        certificateAuthority: { secretName: 'etcd-datastore-ca' },
        clientCertificate: { secretName: 'etcd-datastore-root' },
      },
    },
  } satisfies DataStore);
}
