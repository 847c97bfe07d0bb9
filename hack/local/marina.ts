import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { stringify } from 'yaml';
import { kinds } from '../../src/api/v1alpha1/crd.ts';
import { apiGroup } from '../../src/api/v1alpha1/meta.ts';
import type { Image } from '../toolchain/images.ts';
import type { Checkout } from './checkout.ts';
import { LocalError } from './errors.ts';
import type { Kubectl } from './kubectl.ts';
import type { Shell } from './shell.ts';

const namespace = 'marina-system';

export async function applyCustomResourceDefinitions(checkout: Checkout, kubectl: Kubectl): Promise<void> {
  await kubectl.applyPath('-f', path.join(checkout.root, 'manifests', 'crds'));
  const crds = kinds.map(({ resource }) => `crd/${resource.plural}.${apiGroup}`);
  await kubectl.run(['wait', '--for=condition=Established', '--timeout=30s', ...crds]);
}

/** Applies Marina as the local overlay has it, with this image and this address; does not wait for it. */
export async function applyMarina(
  checkout: Checkout,
  kubectl: Kubectl,
  image: Image,
  nodeAddress: string,
): Promise<void> {
  const directory = path.join(checkout.stateDirectory, 'manifests');
  await mkdir(directory, { recursive: true });
  await writeFile(
    path.join(directory, 'kustomization.yaml'),
    renderKustomization(image.reference, nodeAddress),
  );
  await kubectl.applyPath('-k', directory);
}

/** @throws LocalError TimedOut with the last lines of its log */
export async function waitForMarina(shell: Shell, kubectl: Kubectl): Promise<void> {
  const rollout = ['rollout', 'status', 'deployment/marina', '--timeout=120s'];
  const result = await kubectl.probe(['--namespace', namespace, ...rollout]);
  if (result.status === 0) return;
  const logs = [
    '--namespace',
    namespace,
    'logs',
    '--selector',
    'app.kubernetes.io/name=marina',
    '--prefix',
    '--tail=10',
  ];
  const { stdout } = await kubectl.probe(logs);
  await kubectl.probe([
    '--namespace',
    namespace,
    'describe',
    'pods',
    '--selector',
    'app.kubernetes.io/name=marina',
  ]);
  shell.note('the rollout of Marina did not end in time');
  throw new LocalError({
    code: 'TimedOut',
    operation: 'start Marina',
    message: stdout.trim() || result.stderr.trim(),
    remedy: `kubectl --kubeconfig ${kubectl.kubeconfig} --namespace ${namespace} logs deployment/marina`,
  });
}

/** @param reference `localhost/marina:<tag>` */
export function renderKustomization(reference: string, nodeAddress: string): string {
  const colon = reference.lastIndexOf(':');
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'marina', namespace },
    spec: {
      template: {
        spec: {
          containers: [{ name: 'marina', env: [{ name: 'MARINA_NODE_ADDRESS', value: nodeAddress }] }],
        },
      },
    },
  };
  return stringify({
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources: ['../../manifests/overlays/local'],
    images: [{ name: 'localhost/marina', newTag: reference.slice(colon + 1) }],
    patches: [{ patch: stringify(deployment) }],
  });
}
