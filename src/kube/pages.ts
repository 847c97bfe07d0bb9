import type { KubeClient, ListOptions } from './client.ts';
import { isKubeError } from './errors.ts';
import type { KubeObject, ObjectList, Resource } from './resource.ts';

/**
 * A list in pages of `size`, so that a big one is never in memory twice. When the server has compacted the snapshot
 * that the pages come from (`Expired`), starts over in one piece: yields `restart: true`, and what came before is void.
 */
export async function* pages<T extends KubeObject>(
  client: KubeClient,
  resource: Resource<T>,
  options: ListOptions = {},
  size = 500,
): AsyncGenerator<ObjectList<T> & { readonly restart?: boolean }> {
  let token: string | undefined;
  do {
    try {
      const page = await client.list(resource, { ...options, limit: size, continue: token });
      token = page.metadata.continue || undefined;
      yield page;
    } catch (error) {
      if (!token || !isKubeError(error, 'Expired')) throw error;
      token = undefined;
      yield { ...(await client.list(resource, { ...options, limit: 0 })), restart: true };
    }
  } while (token);
}
