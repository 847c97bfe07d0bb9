import { tenantControlPlanes } from '../../src/api/v1alpha1/tenant-control-plane.ts';
import { labels } from '../../src/controlplane/names.ts';
import { runtimeId } from '../../src/controlplane/runtime-id.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { isKubeError } from '../../src/kube/errors.ts';
import { keyOf, type KubeObject, refOf, type Resource } from '../../src/kube/resource.ts';
import { revisionKey } from '../../src/datastore/etcd/contents.ts';
import { compactionKey } from '../../src/datastore/etcd/partition.ts';
import { etcdClient } from './etcd-datastore.ts';
import type { EtcdServer } from './etcd.ts';
import { waitUntil } from './wait-until.ts';

/** What Kubernetes itself puts into every namespace. */
const ofKubernetes: ReadonlySet<string> = new Set(['ServiceAccount default', 'ConfigMap kube-root-ca.crt']);

/**
 * Everything, of whatever kind, that belongs to a TenantControlPlane which does not exist any more: objects in `marina-tenants`
 * and what carries Marina's label elsewhere, as `Kind namespace/name`; users, roles and prefixes in the store, as `user <id>`,
 * `role <id>` and `12 keys /<id>/`. Empty when deletion left nothing.
 */
export async function findOrphans(cluster: {
  readonly client: KubeClient;
  readonly etcd: EtcdServer;
}): Promise<readonly string[]> {
  const [objects, entries] = await Promise.all([findObjects(cluster.client), findEntries(cluster.etcd)]);
  // After the rest: what is born meanwhile has its tenant by then.
  const { items: tenants } = await cluster.client.list(tenantControlPlanes, { limit: 0 });
  const living = new Set(tenants.map(({ metadata }) => runtimeId(metadata?.uid ?? '')));
  return [...objects, ...entries].filter(({ id }) => !id || !living.has(id)).map(({ name }) => name);
}

interface Found {
  readonly name: string;
  /** Runtime id that it belongs to. */
  readonly id: string | undefined;
}

async function findObjects(client: KubeClient): Promise<readonly Found[]> {
  const kinds = await namespacedKinds(client);
  const lists = await Promise.all(kinds.map(async (kind) => ({ kind, items: await listAll(client, kind) })));
  return lists.flatMap(({ kind, items }) =>
    items.filter((object) => isOfMarina(kind, object)).map((object) => describe(kind, object)),
  );
}

/** An API server that has just started refuses its custom resources for a moment: `storage is (re)initializing`. */
async function listAll(client: KubeClient, kind: Resource): Promise<readonly KubeObject[]> {
  const ask = () =>
    client.list(kind, { limit: 0 }).catch((error: unknown) => {
      if (isKubeError(error, 'TooManyRequests')) return undefined;
      throw error;
    });
  const { items } = await waitUntil(`${kind.plural} can be listed`, ask);
  return items;
}

function describe(kind: Resource, object: KubeObject): Found {
  const { name = '', labels: own } = object.metadata ?? {};
  return {
    name: `${kind.kind} ${keyOf(refOf(object))}`,
    id: own?.[labels.runtimeId] ?? /^t[a-z2-7]{26}/.exec(name)?.[0],
  };
}

function isOfMarina(kind: Resource, { metadata }: KubeObject): boolean {
  if (metadata?.labels?.[labels.managedBy] === 'marina') return true;
  return metadata?.namespace === 'marina-tenants' && !ofKubernetes.has(`${kind.kind} ${metadata.name}`);
}

interface ApiResourceList {
  readonly resources: readonly {
    readonly name: string;
    readonly kind: string;
    readonly namespaced: boolean;
    readonly verbs: readonly string[];
  }[];
}

/** All that the API server serves and that somebody could leave behind; Events tell of the past. */
async function namespacedKinds(client: KubeClient): Promise<readonly Resource[]> {
  const read = async <T>(path: string) => JSON.parse((await client.probe(path)).body) as T;
  const { groups } = await read<{ groups: { preferredVersion: { groupVersion: string } }[] }>('/apis');
  const paths = ['/api/v1', ...groups.map((group) => `/apis/${group.preferredVersion.groupVersion}`)];
  const kinds = await Promise.all(
    paths.map(async (path) => {
      const { resources } = await read<ApiResourceList>(path);
      return resources
        .filter(({ name, namespaced, verbs }) => namespaced && verbs.includes('list') && !name.includes('/'))
        .map(({ name, kind }) => ({
          apiVersion: path.replace(/^\/apis?\//, ''),
          kind,
          plural: name,
          namespaced: true,
        }));
    }),
  );
  return kinds.flat().filter(({ kind }) => kind !== 'Event' && kind !== 'TenantControlPlane');
}

async function findEntries(etcd: EtcdServer): Promise<readonly Found[]> {
  const client = etcdClient(etcd, etcd.root);
  try {
    const [{ users }, { roles }, { kvs }] = await Promise.all([
      client.auth.userList(),
      client.auth.roleList(),
      client.kv.range({ key: Buffer.of(0), range_end: Buffer.of(0), keys_only: true }),
    ]);
    const keys = new Map<string, number>();
    for (const { key } of kvs) {
      const text = key.toString('latin1');
      if (text === compactionKey || text === revisionKey) continue;
      const prefix = /^\/[^/]*\//.exec(text)?.[0] ?? text;
      keys.set(prefix, (keys.get(prefix) ?? 0) + 1);
    }
    const others = (names: readonly string[]) => names.filter((name) => name !== 'root');
    return [
      ...others(users).map((id) => ({ name: `user ${id}`, id })),
      ...others(roles).map((id) => ({ name: `role ${id}`, id })),
      ...[...keys].map(([prefix, count]) => ({
        name: `${count} keys ${prefix}`,
        id: prefix.replaceAll('/', ''),
      })),
    ];
  } finally {
    client.close();
  }
}
