import { tenantBackups } from '../../api/v1alpha1/tenant-backup.ts';
import { tenantControlPlanes } from '../../api/v1alpha1/tenant-control-plane.ts';
import { tenantRestores } from '../../api/v1alpha1/tenant-restore.ts';
import type { KubeClient } from '../../kube/client.ts';
import { isKubeError } from '../../kube/errors.ts';
import type { Resource } from '../../kube/resource.ts';
import { type CustomResource, show } from '../../rest/resources/representation.ts';
import type { KindName, Kinds, Ref, Scope } from '../backend.ts';
import { asApiError, notFound } from './errors.ts';

export const fieldManager = 'marina-cli';
/** Seconds of one watch request. */
const watchSeconds = 300;
const pageSize = 500;

const kinds: Readonly<
  Record<KindName, { readonly resource: Resource<CustomResource>; readonly noun: string }>
> = {
  controlplanes: { resource: tenantControlPlanes, noun: 'control plane' },
  backups: { resource: tenantBackups, noun: 'backup' },
  restores: { resource: tenantRestores, noun: 'restore' },
};

/** Custom resources in the management cluster, shown as REST shows them. Rejects with an `ApiError`. */
export class Objects {
  private readonly client: KubeClient;

  constructor(client: KubeClient) {
    this.client = client;
  }

  async list<K extends KindName>(kind: K, scope: Scope): Promise<readonly Kinds[K]['shown'][]> {
    const { namespace, labelSelector } = scope;
    const items: CustomResource[] = [];
    let next: string | undefined;
    do {
      const options = {
        limit: pageSize,
        ...(namespace !== undefined && { namespace }),
        ...(labelSelector !== undefined && { labelSelector }),
        ...(next !== undefined && { continue: next }),
      };
      const page = await answered(this.client.list(kinds[kind].resource, options));
      items.push(...page.items);
      next = page.metadata.continue || undefined;
    } while (next !== undefined);
    return items.map((item) => shown(kind, item));
  }

  async get<K extends KindName>(kind: K, ref: Ref): Promise<Kinds[K]['shown']> {
    return shown(kind, await this.find(kind, ref));
  }

  async create<K extends KindName>(
    kind: K,
    namespace: string,
    wish: Kinds[K]['wish'],
    dryRun: boolean,
  ): Promise<Kinds[K]['shown']> {
    const { name, labels, annotations, spec } = wish;
    const object: CustomResource = { metadata: { namespace, name, labels, annotations }, spec };
    const options = { fieldManager, dryRun, isStrict: true };
    return shown(kind, await answered(this.client.create(kinds[kind].resource, object, options)));
  }

  async delete<K extends KindName>(kind: K, ref: Ref): Promise<Kinds[K]['shown']> {
    const { resource } = kinds[kind];
    const found = await this.find(kind, ref);
    const { uid } = found.metadata ?? {};
    await answered(this.client.delete(resource, ref, { ...(uid !== undefined && { uid }) }));
    const left = await answered(this.client.get(resource, ref));
    return shown(kind, left?.metadata?.uid === uid && left ? left : found);
  }

  async *follow<K extends KindName>(
    kind: K,
    ref: Ref,
    signal: AbortSignal,
  ): AsyncGenerator<Kinds[K]['shown'] | undefined> {
    while (!signal.aborted) {
      const found = await answered(this.client.get(kinds[kind].resource, ref));
      yield found && shown(kind, found);
      for await (const now of this.changes(kind, ref, found?.metadata?.resourceVersion ?? '0', signal))
        yield now && shown(kind, now);
    }
  }

  private async *changes(
    kind: KindName,
    { namespace, name }: Ref,
    resourceVersion: string,
    signal: AbortSignal,
  ): AsyncGenerator<CustomResource | undefined> {
    const scope = { namespace, fieldSelector: `metadata.name=${name}` };
    const options = { ...scope, resourceVersion, timeoutSeconds: watchSeconds, signal };
    try {
      for await (const event of this.client.watch(kinds[kind].resource, options)) {
        if (event.type === 'ERROR') return;
        if (event.type === 'DELETED') yield undefined;
        else if (event.type !== 'BOOKMARK') yield event.object;
      }
    } catch (error: unknown) {
      // What broke in between is asked for anew, and fails then if it has to.
      if (signal.aborted || isKubeError(error, 'Expired', 'Unreachable', 'Timeout', 'ServiceUnavailable'))
        return;
      throw asApiError(error);
    }
  }

  private async find(kind: KindName, ref: Ref): Promise<CustomResource> {
    const { resource, noun } = kinds[kind];
    const found = await answered(this.client.get(resource, ref));
    if (found) return found;
    throw notFound(`There is no ${noun} ${ref.name} in namespace ${ref.namespace}.`);
  }
}

/** The schema of REST is made from that of the CRD, which the API server keeps to. */
function shown<K extends KindName>(_: K, object: CustomResource): Kinds[K]['shown'] {
  return show(object) as unknown as Kinds[K]['shown'];
}

export async function answered<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error: unknown) {
    throw asApiError(error);
  }
}
