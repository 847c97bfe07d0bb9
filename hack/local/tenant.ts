import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parse } from 'yaml';
import type { Checkout } from './checkout.ts';
import { LocalError } from './errors.ts';
import { waitForCondition } from './kubectl.ts';
import type { Kubectl } from './kubectl.ts';

/** The tenant of manifests/samples/tenant.yaml. */
export const sampleTenant = { name: 'demo', namespace: 'default' } as const;

export function tenantKubeconfig(checkout: Checkout, name: string): string {
  return path.join(checkout.stateDirectory, 'tenants', `${name}.kubeconfig`);
}

/** `dataStore`: name of the DataStore that it is to be on. */
export async function ensureSampleTenant(
  checkout: Checkout,
  kubectl: Kubectl,
  dataStore: string,
): Promise<void> {
  const file = path.join(checkout.root, 'manifests', 'samples', 'tenant.yaml');
  const sample = parse(await readFile(file, 'utf8')) as { readonly spec: object };
  await kubectl.apply([{ ...sample, spec: { ...sample.spec, dataStore } }]);
  await waitForTenant(checkout, kubectl, sampleTenant);
}

/** Waits until a tenant is Ready and writes its admin kubeconfig to `.marina/tenants/<name>.kubeconfig`. */
export async function waitForTenant(
  checkout: Checkout,
  kubectl: Kubectl,
  { name, namespace }: { readonly name: string; readonly namespace: string },
): Promise<string> {
  const target = ['--namespace', namespace, `tenantcontrolplanes.marina.dev/${name}`];
  if (!(await kubectl.get(target))) {
    throw new LocalError({
      code: 'Missing',
      operation: `find tenant ${name}`,
      message: `there is no TenantControlPlane ${namespace}/${name}`,
      remedy: `kubectl --kubeconfig ${kubectl.kubeconfig} get tenantcontrolplanes --all-namespaces`,
    });
  }
  await waitForCondition(kubectl, target, 'Ready', 180);
  const secret = await kubectl.get(['--namespace', namespace, 'secret', `${name}-kubeconfig`]);
  const value = secret?.data?.['value'];
  if (!value) {
    throw new LocalError({
      code: 'Missing',
      operation: `read the kubeconfig of tenant ${name}`,
      message: `Secret ${namespace}/${name}-kubeconfig has no key "value"`,
    });
  }
  const file = tenantKubeconfig(checkout, name);
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  await writeFile(file, Buffer.from(value, 'base64'), { mode: 0o600 });
  return file;
}
