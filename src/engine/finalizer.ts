import type { KubeClient } from '../kube/client.ts';
import { KubeError, isKubeError } from '../kube/errors.ts';
import { keyOf, refOf } from '../kube/resource.ts';
import type { KubeObject, Resource } from '../kube/resource.ts';

/*
 * By JSON patch with tests, not by server-side apply. A finalizer must come and go by itself, apart from the fields of an
 * apply; it must be removable whoever put it there; and a change must fail, rather than win, when it is about another
 * object of the same name (uid) or a list that somebody else has changed meanwhile. Status writes do not disturb it.
 */

export function hasFinalizer(object: KubeObject, finalizer: string): boolean {
  return object.metadata?.finalizers?.includes(finalizer) ?? false;
}

/** The object with the finalizer; without a call when it has it. Rejects with `Conflict` when the object has changed. */
export async function addFinalizer<T extends KubeObject>(
  client: KubeClient,
  resource: Resource<T>,
  object: T,
  finalizer: string,
): Promise<T> {
  if (hasFinalizer(object, finalizer)) return object;
  const { uid, resourceVersion, finalizers = [] } = object.metadata ?? {};
  const unchanged =
    finalizers.length > 0
      ? { op: 'test', path: '/metadata/finalizers', value: finalizers }
      : // There is no testing that a field is absent.
        { op: 'test', path: '/metadata/resourceVersion', value: resourceVersion };
  return patch(client, resource, object, [
    { op: 'test', path: '/metadata/uid', value: uid },
    unchanged,
    { op: 'add', path: '/metadata/finalizers', value: [...finalizers, finalizer] },
  ]);
}

/**
 * The object without the finalizer; undefined when it is gone, be it by this. Rejects with `Conflict` when it has changed.
 */
export async function removeFinalizer<T extends KubeObject>(
  client: KubeClient,
  resource: Resource<T>,
  object: T,
  finalizer: string,
): Promise<T | undefined> {
  if (!hasFinalizer(object, finalizer)) return object;
  const { uid, finalizers = [] } = object.metadata ?? {};
  try {
    return await patch(client, resource, object, [
      { op: 'test', path: '/metadata/uid', value: uid },
      { op: 'test', path: '/metadata/finalizers', value: finalizers },
      { op: 'replace', path: '/metadata/finalizers', value: finalizers.filter((name) => name !== finalizer) },
    ]);
  } catch (error) {
    if (isKubeError(error, 'NotFound')) return undefined;
    throw error;
  }
}

async function patch<T extends KubeObject>(
  client: KubeClient,
  resource: Resource<T>,
  object: T,
  body: object[],
) {
  const ref = refOf(object);
  try {
    return await client.patch(resource, ref, { type: 'json', body });
  } catch (error) {
    // A failed test is answered with 422 and no causes; a refused object has causes.
    if (!isKubeError(error, 'Invalid') || error.causes.length > 0) throw error;
    const operation = `finalizers of ${resource.kind} ${keyOf(ref)}`;
    throw new KubeError({
      code: 'Conflict',
      operation,
      message: 'changed meanwhile',
      status: 422,
      cause: error,
    });
  }
}
