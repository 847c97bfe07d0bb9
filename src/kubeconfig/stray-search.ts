import type { TenantKubeconfig } from '../api/v1alpha1/tenant-kubeconfig.ts';
import type { CallOptions, KubeClient } from '../kube/client.ts';
import { isKubeError } from '../kube/errors.ts';
import { type KubeObject, type ObjectList, refOf, type Resource } from '../kube/resource.ts';
import { clusterRoleBindings, roleBindings } from '../kube/resources.ts';
import { accessSelector, groupPrefix, ownGroup } from './names.ts';

/** How far the bindings of a tenant were looked through. */
export interface SearchPlace {
  /** Index into `searchedResources`. */
  readonly resource: number;
  /** Of the page that comes next; undefined: the first. */
  readonly token?: string;
  /** Bindings looked at, of all pages and of those that were begun anew. */
  readonly seen: number;
}

export const searchStart: SearchPlace = { resource: 0, seen: 0 };

const searchedResources = [clusterRoleBindings, roleBindings] as const;

/**
 * Bindings looked at in one turn. What is in them is the tenant’s to fill, up to 1.5 MiB each (etcd), and a turn is to be small in memory, and
 * in time where the tenant is slow to delete.
 */
const pageSize = 10;

/**
 * Looks at one page and deletes what is none of the known kubeconfigs’. Returns where to go on, undefined at the end. Rejects with the first
 * `KubeError`; the place is then still the same. `known` is asked once the page is there: every right in it that was granted has its
 * kubeconfig by then.
 */
export async function searchPage(
  client: KubeClient,
  place: SearchPlace,
  known: () => readonly TenantKubeconfig[],
  options: CallOptions,
): Promise<SearchPlace | undefined> {
  const resource = searchedResources[place.resource];
  if (!resource) return undefined;
  const page = await readPage(client, resource, place, options);
  if (!page) return { resource: place.resource, seen: place.seen };
  for (const stray of straysIn(page.items, known())) await remove(client, resource, stray, options);

  const seen = place.seen + page.items.length;
  const token = page.metadata.continue;
  if (token) return { resource: place.resource, token, seen };
  const next = place.resource + 1;
  return next < searchedResources.length ? { resource: next, seen } : undefined;
}

/** Undefined when the snapshot that pages came from has been compacted. */
async function readPage(
  client: KubeClient,
  resource: Resource,
  { token }: SearchPlace,
  options: CallOptions,
): Promise<ObjectList<KubeObject> | undefined> {
  try {
    const selection = { labelSelector: accessSelector, limit: pageSize, continue: token };
    return await client.list(resource, { ...options, ...selection });
  } catch (error: unknown) {
    if (token && isKubeError(error, 'Expired')) return undefined;
    throw error;
  }
}

async function remove(
  client: KubeClient,
  resource: Resource,
  stray: KubeObject,
  options: CallOptions,
): Promise<void> {
  try {
    await client.delete(resource, refOf(stray), { ...options, uid: stray.metadata?.uid });
  } catch (error: unknown) {
    // Another one has its name by now, which is none of the archive’s.
    if (!isKubeError(error, 'Conflict')) throw error;
  }
}

/** Bindings of kubeconfigs that are none of these. */
export function straysIn(
  bindings: readonly KubeObject[],
  kubeconfigs: readonly TenantKubeconfig[],
): readonly KubeObject[] {
  const known = new Set(kubeconfigs.map(ownGroup));
  return bindings.filter(
    ({ metadata: { name = '' } = {} }) => name.startsWith(groupPrefix) && !known.has(name),
  );
}
