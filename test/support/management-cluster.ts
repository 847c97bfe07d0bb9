import path from 'node:path';
import { imageReference } from '../../hack/toolchain/images.ts';
import { Registry } from 'prom-client';
import { ensureBinaries } from '../../hack/toolchain/binaries.ts';
import { apiVersion } from '../../src/api/v1alpha1/meta.ts';
import { type DataStore, dataStores } from '../../src/api/v1alpha1/data-store.ts';
import { type TenantControlPlane, tenantControlPlanes } from '../../src/api/v1alpha1/tenant-control-plane.ts';
import { kubeconfigKey } from '../../src/controlplane/admin-kubeconfig/build.ts';
import { runtimeId } from '../../src/controlplane/runtime-id.ts';
import { assemble, type UsageSettings } from '../../src/controller/assemble.ts';
import { type Clock, systemClock } from '../../src/engine/clock.ts';
import { type Log, silentLog } from '../../src/engine/log.ts';
import { EngineMetrics } from '../../src/engine/metrics.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { connect } from '../../src/kube/kubeconfig.ts';
import { namespaces, nodes, secrets, services } from '../../src/kube/resources.ts';
import { decodeData, encodeData } from '../../src/kube/secret-data.ts';
import type { Credential } from './certificates.ts';
import { installCustomResources } from './custom-resources.ts';
import { type EtcdOptions, type EtcdServer, startEtcd } from './etcd.ts';
import { type KubeApiserver, type KubeApiserverOptions, startKubeApiserver } from './kube-apiserver.ts';
import { type Machine, type MachineOptions, startMachine } from './process-kubelet.ts';
import { claimLoopbackNetwork } from './process-kubelet-addresses.ts';
import { type RunningProcess, startProcess } from './processes.ts';
import { createTemporaryDirectory } from './temporary-directory.ts';
import { waitUntil } from './wait-until.ts';

export interface MarinaOptions {
  /** Default: five minutes. */
  readonly resyncMs?: number;
  /** Default: nothing is written. */
  readonly log?: Log;
  /** Where BackupStorages with `volume` are; default: nowhere. */
  readonly backupVolume?: string;
  /** Default: usage is not counted. */
  readonly usage?: UsageSettings;
  /** The way to the management cluster; default: the cluster's own `client`. */
  readonly client?: KubeClient;
  /** Default: the system's. */
  readonly clock?: Clock;
}

/** What a DataStore object and its Secrets say of a server or of several. */
export interface SharedStore {
  readonly driver: DataStore['spec']['driver'];
  readonly endpoints: readonly string[];
  readonly ca: Credential;
  readonly root: Credential;
}

/** For a birth on a machine that has much else to do. */
const patienceMs = 60_000;

export interface ManagementCluster extends AsyncDisposable {
  readonly client: KubeClient;
  readonly apiserver: KubeApiserver;
  /** File for whoever comes as the administrator, e.g. a Marina in a process of its own (marina-process.ts). */
  readonly kubeconfigPath: string;
  /** The shared store behind DataStore `default`. */
  readonly etcd: EtcdServer;
  /** Starts what runs control-plane pods; without one they stay pending. It stops with the cluster. */
  startMachine(options?: Pick<MachineOptions, 'processes'>): Promise<Machine>;
  /** Starts a Marina in this process; the result stops it. */
  startMarina(options?: MarinaOptions): Promise<() => Promise<void>>;
  /** Inside a tenant that runs on the machine, with its admin kubeconfig; whoever asked closes it. */
  adminOf(tenant: TenantControlPlane): Promise<KubeClient>;
  create(tenant: TenantControlPlane): Promise<TenantControlPlane>;
  /** Makes one more DataStore, of this name, with the Secrets that it names. */
  addDataStore(name: string, store: SharedStore): Promise<void>;
  /** The tenant once `accept` likes it. */
  tenantWhere(
    tenant: TenantControlPlane,
    accept: (tenant: TenantControlPlane) => boolean,
  ): Promise<TenantControlPlane>;
}

/**
 * A real API server with Marina's kinds and namespaces, the controllers that make pods of Deployments and collect garbage,
 * and a real etcd with mTLS and users as DataStore `default`. Its one Node is a name only until `startMachine`.
 */
export async function startManagementCluster(
  options: {
    readonly apiserver?: KubeApiserverOptions;
    readonly etcd?: EtcdOptions;
    /** Of kube-controller-manager, besides those that every test needs. */
    readonly controllers?: readonly string[];
  } = {},
): Promise<ManagementCluster> {
  const stack = new AsyncDisposableStack();
  const network = stack.use(await claimLoopbackNetwork());
  const [server, etcd] = await Promise.all([
    startKubeApiserver({ serviceCidr: network.serviceCidr, ...options.apiserver }),
    startEtcd(options.etcd),
  ]);
  stack.use(server);
  stack.use(etcd);
  const controllers = await startControllers(stack, server.kubeconfigPath, options.controllers);
  stack.defer(() => controllers.stop());
  const client = await connect({ kubeconfig: server.kubeconfig });
  stack.defer(() => client.close());
  await installCustomResources(client);
  for (const name of ['marina-system', 'marina-tenants', 'team-a', 'team-b']) {
    await client.create(namespaces, { metadata: { name } });
  }
  await createDataStore(client, 'default', { driver: 'etcd', ...etcd });
  await createMachine(client);

  return {
    client,
    apiserver: server,
    kubeconfigPath: server.kubeconfigPath,
    etcd,
    startMachine: async (machine = {}) => {
      const own = await connect({ kubeconfig: server.kubeconfig, maxConnections: 32 });
      stack.defer(() => own.close());
      return stack.use(await startMachine({ client: own, network, ...machine }));
    },
    startMarina: async ({
      resyncMs = 300_000,
      log = silentLog,
      client: own = client,
      backupVolume = '/nowhere',
      clock = systemClock,
      usage,
    } = {}) => {
      const { manager, close } = assemble({
        client: own,
        clock,
        log,
        metrics: new EngineMetrics(new Registry()),
        identity: 'test',
        namespace: 'marina-system',
        backupVolume,
        ...(usage && { usage }),
        workers: 4,
        controlPlanes: {
          namespace: 'marina-tenants',
          nodePortAddress: '192.0.2.7',
          kineImage: imageReference('kine'),
          resyncMs,
        },
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
    adminOf: (tenant) => connectAsAdmin(client, tenant),
    create: (tenant) =>
      client.create(tenantControlPlanes, {
        ...tenant,
        metadata: { name: tenant.metadata?.name, namespace: tenant.metadata?.namespace },
      }),
    addDataStore: (name, store) => createDataStore(client, name, store),
    tenantWhere: (tenant, accept) => {
      const { name = '', namespace } = tenant.metadata ?? {};
      let live: TenantControlPlane | undefined;
      const ask = async () => {
        live = await client.get(tenantControlPlanes, { name, namespace });
        return live && accept(live) && live;
      };
      const what = `TenantControlPlane ${namespace}/${name} is as expected`;
      return waitUntil(what, ask, patienceMs).catch((cause: unknown) => {
        const { conditions = [], phase, migration } = live?.status ?? {};
        const seen = conditions.map(
          ({ type, status, reason, message }) => `${type} ${status} ${reason}: ${message}`,
        );
        throw new Error([String(cause), phase, JSON.stringify(migration), ...seen].join('\n'), { cause });
      });
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** By the address of the Service, since no NodePort and no load balancer leads to the machine. */
async function connectAsAdmin(management: KubeClient, { metadata }: TenantControlPlane): Promise<KubeClient> {
  const { uid = '', name, namespace } = metadata ?? {};
  const [secret, service] = await Promise.all([
    management.get(secrets, { namespace, name: `${name}-kubeconfig` }),
    management.get(services, { namespace: 'marina-tenants', name: runtimeId(uid) }),
  ]);
  const { [kubeconfigKey]: kubeconfig = '' } = decodeData(secret);
  const { clusterIP, ports } = service?.spec ?? {};
  const server = `server: https://${clusterIP}:${ports?.[0]?.port}`;
  return connect({ kubeconfig: kubeconfig.replace(/server: .*/, server) });
}

const usualControllers = [
  'deployment-controller',
  'replicaset-controller',
  'garbage-collector-controller',
  'serviceaccount-controller',
];

async function startControllers(
  stack: AsyncDisposableStack,
  kubeconfig: string,
  others: readonly string[] = [],
): Promise<RunningProcess> {
  const { 'kube-controller-manager': command } = await ensureBinaries(['kube-controller-manager']);
  const directory = stack.use(await createTemporaryDirectory('controllers'));
  return startProcess({
    command,
    args: [
      `--kubeconfig=${kubeconfig}`,
      `--controllers=${[...usualControllers, ...others].join()}`,
      // A quota that was there before its kind was known is looked at again only then.
      '--resource-quota-sync-period=1s',
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

async function createDataStore(
  client: KubeClient,
  name: string,
  { driver, endpoints, ca, root }: SharedStore,
): Promise<void> {
  const prefix = name === 'default' ? driver : name;
  const tls = async (secretName: string, { certificate, privateKey }: Credential) => {
    await client.create(secrets, {
      metadata: { name: secretName, namespace: 'marina-system' },
      type: 'kubernetes.io/tls',
      data: encodeData({ 'tls.crt': certificate, 'tls.key': privateKey }),
    });
    return { secretName };
  };
  const certificateAuthority = await tls(`${prefix}-datastore-ca`, ca);
  const clientCertificate = await tls(`${prefix}-datastore-root`, root);
  await client.create(dataStores, {
    apiVersion,
    kind: 'DataStore',
    metadata: { name },
    spec: { driver, endpoints: [...endpoints], tlsConfig: { certificateAuthority, clientCertificate } },
  } satisfies DataStore);
}
