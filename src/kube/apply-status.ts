import { isDeepStrictEqual } from 'node:util';
import type { KubeClient } from './client.ts';
import { isKubeError } from './errors.ts';
import type { Informer } from './informer.ts';
import type { KubeObject, Resource } from './resource.ts';

export interface StatusTarget<T extends KubeObject> {
  readonly client: KubeClient;
  readonly resource: Resource<T>;
  readonly cache: Pick<Informer<T>, 'remember'>;
  readonly fieldManager: string;
}

/**
 * Writes the status when it is not what the object has; the cache knows it from then on. False when nothing was written: it is the same,
 * or somebody changed the object meanwhile, and that event brings it back.
 */
export async function applyStatus<T extends KubeObject & { status?: unknown }>(
  { client, resource, cache, fieldManager }: StatusTarget<T>,
  object: T,
  status: NonNullable<T['status']>,
): Promise<boolean> {
  // As the API server would give it back.
  const wanted = JSON.parse(JSON.stringify(status)) as unknown;
  if (isDeepStrictEqual(wanted, object.status ?? {})) return false;
  const { name, namespace, uid, resourceVersion } = object.metadata ?? {};
  const body = { metadata: { name, namespace, uid, resourceVersion }, status: wanted } as T;
  try {
    cache.remember(await client.apply(resource, body, { fieldManager, subresource: 'status' }));
    return true;
  } catch (error: unknown) {
    if (isKubeError(error, 'Conflict', 'NotFound')) return false;
    throw error;
  }
}
