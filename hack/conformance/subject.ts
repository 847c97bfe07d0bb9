import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { parse } from 'yaml';
import type { Image } from '../toolchain/images.ts';
import type { Context } from '../local/context.ts';
import { type StoreKind, firstDataStore } from '../local/datastores.ts';
import { containerAddress, engineProbe, execute } from '../local/engine.ts';
import { LocalError } from '../local/errors.ts';
import { loadImages } from '../local/images.ts';
import { createJoinLine } from '../local/join-line.ts';
import { type Kubectl, openKubectl } from '../local/kubectl.ts';
import { managementNode } from '../local/management-cluster.ts';
import { tenantKubeconfig, waitForTenant } from '../local/tenant.ts';
import { joinWorker, removeWorker, startWorker, workerContainer } from '../local/worker.ts';

/** A tenant with one worker that the suite runs against; apart from all others in name, namespace and addresses. */
export interface Subject {
  readonly store: StoreKind;
  /** Of the TenantControlPlane, its namespace, its worker and the Node that this becomes. */
  readonly name: string;
  readonly serviceCidr: string;
  readonly podCidr: string;
}

export const subjects: Readonly<Record<StoreKind, Subject>> = {
  etcd: {
    store: 'etcd',
    name: 'conformance-etcd',
    serviceCidr: '10.201.0.0/16',
    podCidr: '10.211.0.0/16',
  },
  postgres: {
    store: 'postgres',
    name: 'conformance-postgres',
    serviceCidr: '10.202.0.0/16',
    podCidr: '10.212.0.0/16',
  },
};

/** Version of the server behind the DataStore that a subject is to be on. @throws LocalError Missing when there is none */
export async function storeVersion(management: Kubectl, { store }: Subject): Promise<string> {
  const name = firstDataStore([store]);
  const target = ['get', `datastores.marina.dev/${name}`, '--ignore-not-found'];
  const version = await management.run([...target, '--output', 'jsonpath={.status.version}']);
  if (version) return version;
  throw new LocalError({
    code: 'Missing',
    operation: `find DataStore ${name}`,
    message: 'it is not there, or its server has not answered yet',
    remedy: `npm run up -- datastore --datastore ${store}`,
  });
}

/** Makes the tenant and joins its worker, with `image` on board; returns the path of the tenant's kubeconfig. */
export async function makeSubject(
  context: Context,
  management: Kubectl,
  subject: Subject,
  image: Image,
): Promise<string> {
  const { shell, checkout } = context;
  const { name } = subject;
  await management.apply([
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name } },
    await renderTenant(checkout.root, subject),
  ]);
  await startWorker(context, name);
  await loadImages(context, workerContainer(checkout, name), [image]);
  const kubeconfig = await waitForTenant(checkout, management, { name, namespace: name });
  const tenant = await openKubectl(shell, kubeconfig);
  await joinWorker(context, name, await createJoinLine(shell, checkout, name, { timeToLive: '1h' }), tenant);
  await routeToServices(context, subject);
  const rollout = ['--namespace', 'kube-system', 'rollout', 'status', '--timeout=120s'];
  await tenant.run([...rollout, 'daemonset/kube-proxy']);
  await tenant.run([...rollout, 'deployment/coredns']);
  shell.progress(`${name} is Ready and has a worker`);
  return kubeconfig;
}

/** Takes away all that `makeSubject` makes, however far it came. */
export async function removeSubject(context: Context, management: Kubectl, subject: Subject): Promise<void> {
  const { checkout } = context;
  const { name, serviceCidr } = subject;
  await engineProbe(context, ['exec', managementNode(checkout), 'ip', 'route', 'delete', serviceCidr]);
  await removeWorker(context, name);
  const gone = ['--ignore-not-found', '--wait', '--timeout=180s'];
  await management.run(['--namespace', name, 'delete', 'tenantcontrolplanes.marina.dev', name, ...gone]);
  await management.run(['delete', 'namespace', name, ...gone]);
  await rm(tenantKubeconfig(checkout, name), { force: true });
}

async function renderTenant(root: string, { store, name, serviceCidr, podCidr }: Subject): Promise<object> {
  const file = path.join(root, 'manifests', 'samples', 'tenant.yaml');
  const sample = parse(await readFile(file, 'utf8')) as { readonly spec: object };
  return {
    ...sample,
    metadata: { name, namespace: name },
    spec: {
      ...sample.spec,
      dataStore: firstDataStore([store]),
      networkProfile: { serviceCidrs: [serviceCidr], podCidrs: [podCidr] },
    },
  };
}

/**
 * Lets the tenant's API server, which runs on the management node, call webhooks inside the tenant: the worker, whose kube-proxy knows the
 * Services, is the way to their addresses.
 */
async function routeToServices(context: Context, { name, serviceCidr }: Subject): Promise<void> {
  const { checkout } = context;
  const worker = await containerAddress(context, workerContainer(checkout, name));
  await execute(context, managementNode(checkout), ['ip', 'route', 'replace', serviceCidr, 'via', worker]);
}
