import { customResourceDefinitions } from '../../src/api/v1alpha1/crd.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { isKubeError } from '../../src/kube/errors.ts';
import {
  customResourceDefinitions as resource,
  type CustomResourceDefinition,
} from '../../src/kube/resources.ts';
import { waitUntil } from './wait-until.ts';

/** Makes the kinds of marina.dev known to an API server; they can be written when it resolves. */
export async function installCustomResources(client: KubeClient): Promise<CustomResourceDefinition[]> {
  return await Promise.all(
    customResourceDefinitions().map(async (definition) => {
      await client.apply(resource, definition, { fieldManager: 'test' });
      return await waitUntil(`${definition.metadata?.name} is served`, async () => {
        const live = await client.get(resource, { name: definition.metadata?.name ?? '' });
        return live && (await isServed(client, live)) && live;
      });
    }),
  );
}

async function isServed(client: KubeClient, { spec, status }: CustomResourceDefinition): Promise<boolean> {
  if (!status?.conditions?.some(({ type, status }) => type === 'Established' && status === 'True'))
    return false;
  const { kind, plural } = spec.names;
  const apiVersion = `${spec.group}/${spec.versions[0]?.name}`;
  try {
    await client.list({ apiVersion, kind, plural, namespaced: spec.scope === 'Namespaced' });
    return true;
  } catch (error) {
    // Established comes a moment before the paths.
    if (isKubeError(error, 'NotFound')) return false;
    throw error;
  }
}
