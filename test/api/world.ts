import path from 'node:path';
import { type RestProcess, startRestProcess } from '../../hack/bench/rest-process.ts';
import { isTrue } from '../../src/engine/conditions.ts';
import { clusterRoleBindings, clusterRoles, serviceAccounts } from '../../src/kube/resources.ts';
import { aClass } from '../support/control-plane-class.ts';
import { controlPlaneClasses } from '../../src/api/v1alpha1/control-plane-class.ts';
import { type ManagementCluster, startManagementCluster } from '../support/management-cluster.ts';
import { startDatabaseServer } from '../support/management-database.ts';
import { mintToken } from '../support/service-account-token.ts';
import { createTemporaryDirectory } from '../support/temporary-directory.ts';
import { onMachine } from '../support/process-kubelet.ts';
import { aTenant } from '../support/tenant.ts';

/** Everything that REST serves, for somebody who may do all of it. */
export interface ApiWorld extends AsyncDisposable {
  readonly cluster: ManagementCluster;
  readonly rest: RestProcess;
  readonly token: string;
  /** For whatever a test writes; goes with the world. */
  readonly directory: string;
}

/**
 * REST in a process of its own before a management cluster in which one tenant runs, `team-a/demo`, and Marina no longer does: nobody acts on
 * what is made over REST, and nothing that is being deleted goes that she has to take away.
 */
export async function startApiWorld(): Promise<ApiWorld> {
  await using started = new AsyncDisposableStack();
  const [cluster, server] = await Promise.all([startManagementCluster(), startDatabaseServer()]);
  started.use(server);
  started.use(cluster);
  await runTenant(cluster);
  const token = await allow(cluster);
  const { path: directory } = started.use(await createTemporaryDirectory('api'));
  const database = await server.createDatabase();
  const rest = started.use(
    await startRestProcess(
      { kubeconfigPath: cluster.kubeconfigPath, database, haste: 1_000 },
      path.join(directory, 'rest.log'),
    ),
  );
  const moved = started.move();
  return { cluster, rest, token, directory, [Symbol.asyncDispose]: () => moved.disposeAsync() };
}

async function runTenant(cluster: ManagementCluster): Promise<void> {
  await cluster.startMachine({ processes: ['kube-apiserver'] });
  const stop = await cluster.startMarina();
  try {
    await cluster.client.create(controlPlaneClasses, aClass());
    const tenant = await cluster.create(aTenant(onMachine));
    await cluster.tenantWhere(tenant, ({ status }) => isTrue(status?.conditions ?? [], 'Ready'));
  } finally {
    await stop();
  }
}

/** A token of somebody with every right in Marina's group, and no other. */
async function allow({ client, apiserver }: ManagementCluster): Promise<string> {
  await client.create(clusterRoles, {
    metadata: { name: 'all-of-marina' },
    rules: [{ apiGroups: ['marina.dev'], resources: ['*'], verbs: ['*'] }],
  });
  await client.create(clusterRoleBindings, {
    metadata: { name: 'all-of-marina' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'all-of-marina' },
    subjects: [{ kind: 'ServiceAccount', namespace: 'team-a', name: 'everything' }],
  });
  const who = { namespace: 'team-a', name: 'everything' };
  const { metadata } = await client.create(serviceAccounts, { metadata: who });
  const issuedAt = new Date();
  const expiresAt = new Date(issuedAt.getTime() + 24 * 3_600_000);
  return await mintToken(apiserver, { ...who, uid: metadata?.uid ?? '', issuedAt, expiresAt });
}
