import { ensureMarinaImage } from '../toolchain/marina-image.ts';
import { commonImageNames, ensureImages } from '../toolchain/images.ts';
import { ensureDataStore, firstDataStore, type StoreKind } from './datastores.ts';
import { containerAddress } from './engine.ts';
import { loadImages } from './images.ts';
import { createJoinLine } from './join-line.ts';
import { openKubectl } from './kubectl.ts';
import { ensureManagementCluster, managementKubeconfig, managementNode } from './management-cluster.ts';
import { ensureManagementDatabase } from './management-database.ts';
import { applyCustomResourceDefinitions, applyMarina, waitForMarina } from './marina.ts';
import type { Context } from './context.ts';
import { startMetricsServer } from './metrics-server.ts';
import { prepareRest } from './rest.ts';
import type { Step } from './steps.ts';
import { ensureSampleTenant, sampleTenant, tenantKubeconfig } from './tenant.ts';
import { verifyWorker } from './verify.ts';
import { ensureWorker } from './worker.ts';

/** The worker that `npm run up` joins to the sample tenant. */
export const firstWorker = 'worker-1';

export interface PartContext extends Context {
  readonly nodeImage: string;
  /** Kinds of store to have; the sample tenant is on the first one's. */
  readonly stores: readonly StoreKind[];
}

export interface Part extends Step {
  readonly description: string;
  run(context: PartContext): Promise<void>;
}

/** The parts of the environment in the order in which they need one another. Each can be run again at any time. */
export const parts = [
  {
    key: 'cluster',
    title: 'Management cluster',
    description: 'a kind cluster of one node',
    remedy: 'npm run down, then npm run up',
    async run(context) {
      const { shell, checkout, engine } = context;
      shell.progress(await ensureManagementCluster(context, context.nodeImage));
      if (engine.road === 'podman') return;
      // kind's official node image knows nothing of the images that ours has on board.
      await loadImages(
        context,
        managementNode(checkout),
        await ensureImages(commonImageNames, shell.progress),
      );
    },
  },
  {
    key: 'datastore',
    title: 'DataStore',
    description: 'etcd as a pod and the DataStore `default`, or what --datastore says',
    async run(context) {
      const { shell, checkout, stores } = context;
      const kubectl = await openKubectl(shell, managementKubeconfig(checkout));
      await applyCustomResourceDefinitions(checkout, kubectl);
      for (const kind of stores) await ensureDataStore[kind](context, kubectl);
    },
  },
  {
    key: 'database',
    title: 'Management database',
    description: 'Postgres as a pod, with Marina’s own database in it',
    async run(context) {
      const kubectl = await openKubectl(context.shell, managementKubeconfig(context.checkout));
      await ensureManagementDatabase(context, kubectl);
    },
  },
  {
    key: 'marina',
    title: 'Marina',
    description: 'CRDs, RBAC and Marina itself with her REST API, built from this checkout',
    async run(context) {
      const { shell, checkout } = context;
      const kubectl = await openKubectl(shell, managementKubeconfig(checkout));
      const image = await ensureMarinaImage(shell.progress);
      await loadImages(context, managementNode(checkout), [image]);
      await applyCustomResourceDefinitions(checkout, kubectl);
      const nodeAddress = await containerAddress(context, managementNode(checkout));
      await prepareRest(checkout, kubectl, nodeAddress);
      await applyMarina(checkout, kubectl, image, nodeAddress);
      await waitForMarina(shell, kubectl);
    },
  },
  {
    key: 'metrics',
    title: 'metrics-server',
    description: 'metrics-server, which tells what pods use',
    async run(context) {
      const kubectl = await openKubectl(context.shell, managementKubeconfig(context.checkout));
      await startMetricsServer(context, kubectl);
    },
  },
  {
    key: 'tenant',
    title: `Tenant ${sampleTenant.name}`,
    description: 'TenantControlPlane `demo` of manifests/samples/tenant.yaml',
    async run(context) {
      const { shell, checkout, stores } = context;
      const kubectl = await openKubectl(shell, managementKubeconfig(checkout));
      await ensureSampleTenant(checkout, kubectl, firstDataStore(stores));
    },
  },
  {
    key: 'worker',
    title: `Worker ${firstWorker}`,
    description: 'a container that joins the tenant by kubeadm',
    async run(context) {
      const { shell, checkout } = context;
      const tenant = await openKubectl(shell, tenantKubeconfig(checkout, sampleTenant.name));
      const line = (): Promise<string> =>
        createJoinLine(shell, checkout, sampleTenant.name, { timeToLive: '1h' });
      await ensureWorker(context, firstWorker, tenant, line);
    },
  },
  {
    key: 'verify',
    title: 'Proof',
    description: 'a pod on the worker calls the API server of the tenant by its Service name',
    async run(context) {
      const { shell, checkout } = context;
      const tenant = await openKubectl(shell, tenantKubeconfig(checkout, sampleTenant.name));
      const [tools] = await ensureImages(['tools'], shell.progress);
      if (tools) await verifyWorker(context, firstWorker, tenant, tools);
    },
  },
] as const satisfies readonly Part[];
