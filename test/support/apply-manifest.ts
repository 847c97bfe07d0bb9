import { readFile } from 'node:fs/promises';
import { parseAllDocuments } from 'yaml';
import type { KubeClient } from '../../src/kube/client.ts';
import type { KubeObject } from '../../src/kube/resource.ts';

/** Every document of a YAML file; those without a namespace are taken for cluster-wide. */
export async function applyManifest(client: KubeClient, file: string): Promise<void> {
  for (const document of parseAllDocuments(await readFile(file, 'utf8'))) {
    const object = document.toJS() as KubeObject & { readonly kind: string; readonly apiVersion: string };
    const plural = `${object.kind.toLowerCase().replace(/y$/, 'ie')}s`;
    const resource = {
      apiVersion: object.apiVersion,
      kind: object.kind,
      plural,
      namespaced: object.metadata?.namespace !== undefined,
    };
    await client.apply(resource, object, { fieldManager: 'test' });
  }
}
