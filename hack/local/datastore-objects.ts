import type { Issuer } from '../../src/pki/index.ts';
import type { Context } from './context.ts';
import { execute } from './engine.ts';
import type { Kubectl } from './kubectl.ts';
import { managementNode } from './management-cluster.ts';

export const namespace = 'marina-system';
export const inNamespace = ['--namespace', namespace];

/** Pairs of the Secrets that are there, by the keys of `names`: what is in the cluster already is the truth, tenants trust it. */
export async function readTlsSecrets<K extends string>(
  kubectl: Kubectl,
  names: Readonly<Record<K, string>>,
): Promise<Partial<Record<K, Issuer>>> {
  const found: Partial<Record<K, Issuer>> = {};
  for (const [key, name] of Object.entries<string>(names)) {
    const secret = await kubectl.get([...inNamespace, 'secret', name]);
    const [certificate, privateKey] = [decode(secret?.data?.['tls.crt']), decode(secret?.data?.['tls.key'])];
    if (certificate && privateKey) found[key as K] = { certificate, privateKey };
  }
  return found;
}

/** A directory of the node as PersistentVolume of a pod; its cluster has no provisioner. */
export async function ensureVolume(context: Context, kubectl: Kubectl, pod: string): Promise<void> {
  const { checkout, engine } = context;
  // Docker's node image has a provisioner of its own.
  if (engine.road === 'docker') return;
  const node = managementNode(checkout);
  const directory = `/var/lib/marina/volumes/${pod}`;
  await execute(context, node, ['mkdir', '-p', directory]);
  const hostname = { key: 'kubernetes.io/hostname', operator: 'In', values: [node] };
  await kubectl.apply([
    {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: `marina-${pod}`, labels: { 'app.kubernetes.io/part-of': 'marina' } },
      spec: {
        capacity: { storage: '4Gi' },
        accessModes: ['ReadWriteOnce'],
        persistentVolumeReclaimPolicy: 'Retain',
        storageClassName: 'standard',
        claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name: `data-${pod}` },
        local: { path: directory },
        nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [hostname] }] } },
      },
    },
  ]);
}

/** Also made by manifests/manager, which says the same; here for `npm run up -- datastore` on its own. */
export async function ensureMarinaNamespace(kubectl: Kubectl): Promise<void> {
  const labels = {
    'app.kubernetes.io/part-of': 'marina',
    'pod-security.kubernetes.io/enforce': 'restricted',
  };
  await kubectl.apply([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels } }]);
}

export function tlsSecret(name: string, { certificate, privateKey }: Issuer, authority?: Issuer): object {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'kubernetes.io/tls',
    metadata: { name, namespace, labels: { 'app.kubernetes.io/part-of': 'marina' } },
    stringData: {
      'tls.crt': certificate,
      'tls.key': privateKey,
      ...(authority && { 'ca.crt': authority.certificate }),
    },
  };
}

function decode(base64: string | undefined): string | undefined {
  return base64 === undefined ? undefined : Buffer.from(base64, 'base64').toString();
}
