import { fieldManager } from '../api/v1alpha1/field-managers.ts';
import type { KubeClient } from '../kube/client.ts';
import { differences } from '../kube/differences.ts';
import { isKubeError, KubeError } from '../kube/errors.ts';
import type { Informer } from '../kube/informer.ts';
import { type KubeObject, refOf, type Resource } from '../kube/resource.ts';
import { contentHash } from './content-hash.ts';
import { annotations } from './names.ts';

/** The cache of one kind, as far as writing needs it. */
export type OwnedCache<T extends KubeObject> = Pick<Informer<T>, 'get' | 'remember'>;

/**
 * Makes the live object what it should be, by server-side apply, and only when a field that Marina owns differs or was
 * given up since the last apply. Returns the object as it then is, which the cache knows from then on.
 * Rejects with a `KubeError`; `Conflict`: the cache is behind, and its next event brings the tenant back.
 */
export async function applyOwned<T extends KubeObject>(
  client: KubeClient,
  resource: Resource<T>,
  cache: OwnedCache<T>,
  desired: T,
): Promise<T> {
  const live = cache.get(refOf(desired));
  const stamped = withAppliedHash(desired, live?.metadata?.uid);
  if (live && differences(stamped, live).length === 0) return live;
  try {
    const applied = await client.apply(resource, stamped, { fieldManager });
    cache.remember(applied);
    return applied;
  } catch (error: unknown) {
    throw isAnotherObject(error) ? asConflict(error) : error;
  }
}

/** The API server calls it invalid when an object was deleted and made again since the cache saw it. */
function isAnotherObject(error: unknown): error is KubeError {
  return isKubeError(error, 'Invalid') && error.causes.some(({ field }) => field === 'metadata.uid');
}

function asConflict(cause: KubeError): KubeError {
  const { operation, message } = cause;
  return new KubeError({ code: 'Conflict', operation, message, status: 409, cause });
}

export interface DeleteTarget {
  readonly namespace: string;
  readonly name: string;
  readonly propagation?: 'Background' | 'Foreground';
}

/** Deletes what is there. True when nothing is left to wait for. */
export async function deleteOwned<T extends KubeObject>(
  client: KubeClient,
  resource: Resource<T>,
  cache: OwnedCache<T>,
  { namespace, name, propagation = 'Background' }: DeleteTarget,
): Promise<boolean> {
  const ref = { namespace, name };
  const live = cache.get(ref);
  if (!live) return true;
  if (live.metadata?.deletionTimestamp) return false;
  try {
    return !(await client.delete(resource, ref, { uid: live.metadata?.uid, propagation }));
  } catch (error: unknown) {
    // Another object of that name: the cache is behind, and its next event brings the tenant back.
    if (isKubeError(error, 'Conflict')) return false;
    throw error;
  }
}

function withAppliedHash<T extends KubeObject>(desired: T, uid: string | undefined): T {
  const hash = contentHash(desired).slice(0, 16);
  return {
    ...desired,
    metadata: {
      ...desired.metadata,
      // With the uid an apply meant for this object cannot make a new one after it was deleted.
      ...(uid && { uid }),
      annotations: { ...desired.metadata?.annotations, [annotations.applied]: hash },
    },
  };
}
