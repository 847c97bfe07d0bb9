import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { TenantKubeconfig } from '../../src/api/v1alpha1/tenant-kubeconfig.ts';
import { buildBindings } from '../../src/kubeconfig/build.ts';
import { accessSelector, ownGroup } from '../../src/kubeconfig/names.ts';
import { searchPage, type SearchPlace, searchStart } from '../../src/kubeconfig/stray-search.ts';
import type { KubeClient, ListOptions } from '../../src/kube/client.ts';
import { KubeError } from '../../src/kube/errors.ts';
import { connect } from '../../src/kube/kubeconfig.ts';
import { type KubeObject, type ObjectList, refOf, type Resource } from '../../src/kube/resource.ts';
import { clusterRoleBindings, roleBindings } from '../../src/kube/resources.ts';
import { startKubeApiserver } from '../support/kube-apiserver.ts';
import { aKubeconfig } from '../support/kubeconfigs.ts';

const everywhere = Array.from({ length: 23 }, (_, index) => numbered(index, []));
const somewhere = Array.from({ length: 12 }, (_, index) => numbered(100 + index, ['default']));
const all = [...everywhere, ...somewhere];

describe('the search for bindings that came out of an archive', () => {
  const started = new AsyncDisposableStack();
  let admin: KubeClient;

  beforeAll(async () => {
    const server = started.use(await startKubeApiserver());
    admin = await connect({ kubeconfig: server.kubeconfig });
    started.defer(() => admin.close());
  }, 60_000);

  afterAll(() => started.disposeAsync());

  beforeEach(async () => {
    for (const each of all) await grant(each);
  });

  it('takes away those of no kubeconfig, and no others, a small page at a time', async () => {
    const kept = [everywhere[3], everywhere[22], somewhere[7]].filter((each) => each !== undefined);
    const { client, sizes } = counting(admin);

    const seen = await searchAll(client, () => kept);

    expect(await granted()).toEqual(kept.map(ownGroup).toSorted());
    expect(Math.max(...sizes)).toBe(10);
    expect(seen).toEqual([10, 20, 23, 33]);
  });

  it('leaves what was granted while the page was on its way', async () => {
    const known: TenantKubeconfig[] = [...all];
    const late = numbered(50, []);
    const slow = changing(admin, {
      list: async <T extends KubeObject>(resource: Resource<T>, options?: ListOptions) => {
        if (!known.includes(late)) {
          known.push(late);
          await grant(late);
        }
        return admin.list(resource, options);
      },
    });

    await searchAll(slow, () => known);

    expect(await granted()).toContain(ownGroup(late));
  });

  it('stops at the first that is not answered, and goes on from the same page', async () => {
    let deletions = 0;
    const late = new KubeError({ code: 'Timeout', operation: 'delete', message: 'no answer' });
    const hanging = changing(admin, {
      delete: () => {
        deletions += 1;
        return Promise.reject(late);
      },
    });

    await expect(searchPage(hanging, searchStart, () => [], {})).rejects.toBe(late);
    expect(deletions).toBe(1);

    await searchAll(admin, () => []);
    expect(await granted()).toEqual([]);
  });

  it('begins a kind anew when the snapshot of its pages is gone, and still counts what it saw', async () => {
    const second = await searchPage(admin, searchStart, () => all, {});
    const compacted = new KubeError({ code: 'Expired', operation: 'list', message: 'too old' });
    const later = changing(admin, { list: () => Promise.reject(compacted) });

    expect(second).toMatchObject({ resource: 0, seen: 10, token: expect.any(String) });
    expect(await searchPage(later, second ?? searchStart, () => all, {})).toEqual({ resource: 0, seen: 10 });
  });

  async function grant(kubeconfig: TenantKubeconfig): Promise<void> {
    for (const binding of buildBindings(kubeconfig)) {
      const resource = binding.metadata?.namespace === undefined ? clusterRoleBindings : roleBindings;
      await admin.apply(resource, binding, { fieldManager: 'test' });
    }
  }

  async function granted(): Promise<readonly string[]> {
    const names: string[] = [];
    for (const resource of [clusterRoleBindings, roleBindings]) {
      const { items } = await admin.list<KubeObject>(resource, { labelSelector: accessSelector });
      names.push(...items.map((item) => refOf(item).name));
    }
    return names.toSorted();
  }
});

/** A kubeconfig of which no other has the group. */
function numbered(index: number, namespaces: string[]): TenantKubeconfig {
  const uid = `0d9c3e0e-6a52-4d2a-8d0e-${String(index).padStart(12, '0')}`;
  return aKubeconfig({ clusterRole: 'view', namespaces }, { name: `k${index}`, uid });
}

/** Searches to the end; the number of bindings seen after each page but the last. */
async function searchAll(
  client: KubeClient,
  known: () => readonly TenantKubeconfig[],
): Promise<readonly number[]> {
  const seen: number[] = [];
  let place: SearchPlace | undefined = searchStart;
  while ((place = await searchPage(client, place, known, {}))) seen.push(place.seen);
  return seen;
}

function counting(client: KubeClient) {
  const sizes: number[] = [];
  const list = async <T extends KubeObject>(resource: Resource<T>, options?: ListOptions) => {
    const page: ObjectList<T> = await client.list(resource, options);
    sizes.push(page.items.length);
    return page;
  };
  return { client: changing(client, { list }), sizes };
}

/** The client with other methods in place of its own. */
function changing(client: KubeClient, methods: Partial<KubeClient>): KubeClient {
  return new Proxy(client, {
    get: (target, name) => {
      const own = methods[name as keyof KubeClient];
      if (own) return own;
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
