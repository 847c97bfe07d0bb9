import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ensureBinaries } from '../../hack/toolchain/binaries.ts';
import { type DataStore, dataStores } from '../../src/api/v1alpha1/data-store.ts';
import { type TenantControlPlane, tenantControlPlanes } from '../../src/api/v1alpha1/tenant-control-plane.ts';
import { annotations, labels } from '../../src/controlplane/names.ts';
import { findCondition } from '../../src/engine/conditions.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import type { KubeObject, Resource } from '../../src/kube/resource.ts';
import {
  configMaps,
  deployments,
  events,
  namespaces,
  pods,
  secrets,
  services,
} from '../../src/kube/resources.ts';
import { etcdClient } from '../support/etcd-datastore.ts';
import { type EtcdServer, startEtcd } from '../support/etcd.ts';
import { type ManagementCluster, startManagementCluster } from '../support/management-cluster.ts';
import { findOrphans } from '../support/orphans.ts';
import { startProcess } from '../support/processes.ts';
import { createTemporaryDirectory } from '../support/temporary-directory.ts';
import { aTenant } from '../support/tenant.ts';
import { waitUntil } from '../support/wait-until.ts';

const nodePort = { controlPlane: { service: { serviceType: 'NodePort' as const } } };
const hold = 'example.com/hold';

describe('the deletion of a TenantControlPlane', () => {
  let cluster: ManagementCluster;
  let stopMarina: () => Promise<void>;
  /** Its pod is on a node without a kubelet from the first test on. */
  let stranded: TenantControlPlane;

  beforeAll(async () => {
    cluster = await startManagementCluster();
    stopMarina = await cluster.startMarina();
    stranded = await born('stranded');
    await strand(stranded);
  }, 120_000);

  afterAll(async () => {
    await stopMarina();
    await cluster[Symbol.asyncDispose]();
  }, 60_000);

  describe('before it is born', () => {
    it('takes nothing when Marina never saw it', async () => {
      await stopMarina();
      const tenant = await cluster.create(aTenant(nodePort, { name: 'unseen' }));
      await remove(tenant);
      await gone(tenant);
      stopMarina = await cluster.startMarina();
      expect(await findOrphans(cluster)).toEqual([]);
    });

    it.each([0, 20, 60, 120, 200, 300, 450])(
      'leaves nothing when it comes %d ms after the birth began',
      async (ms) => {
        const tenant = await cluster.create(aTenant(nodePort, { name: `early-${ms}` }));
        const since = performance.now();
        await waitUntil('the moment', () => Promise.resolve(performance.now() - since >= ms));
        await remove(tenant);
        await gone(tenant);
        expect(await findOrphans(cluster)).toEqual([]);
      },
    );

    it('leaves nothing when a DELETE that began earlier wins over the finalizer', async () => {
      await stopMarina();
      const overtaken = new Set<string>();
      stopMarina = await cluster.startMarina({ client: losing(cluster.client, overtaken) });
      const tenant = await cluster.create(aTenant(nodePort, { name: 'overtaken' }));
      await gone(tenant);
      expect(overtaken).toEqual(new Set(['overtaken']));

      await waitUntil('nothing is left', async () => (await findOrphans(cluster)).length === 0);
      await stopMarina();
      stopMarina = await cluster.startMarina();
    });

    it('waits for no DataStore that it never had', async () => {
      const tenant = await cluster.create(
        aTenant({ ...nodePort, dataStore: 'nowhere' }, { name: 'storeless' }),
      );
      await cluster.tenantWhere(tenant, (live) => reasonOf(live, 'DataStoreReady') === 'DataStoreNotFound');
      await remove(tenant);
      await gone(tenant);
      expect(await findOrphans(cluster)).toEqual([]);
    });

    it.each([
      ['a role without a user', (etcd, id) => etcd.auth.roleAdd({ name: id })],
      [
        'a user without a role',
        (etcd, id) => etcd.auth.userAdd({ name: id, options: { no_password: true } }),
      ],
      ['keys of nobody', (etcd, id) => etcd.put(`/${id}/registry/a`).value('b').exec()],
    ] as [string, (etcd: ReturnType<typeof etcdClient>, id: string) => Promise<unknown>][])(
      'removes a partition that is only %s',
      async (what, damage) => {
        const tenant = await born(`half-${what.split(' ')[1]}`);
        const id = idOf(tenant);
        await onEtcd(cluster.etcd, async (etcd) => {
          await etcd.auth.userDelete({ name: id });
          await etcd.auth.roleDelete({ role: id });
          await damage(etcd, id);
        });
        await remove(tenant);
        await gone(tenant);
        expect(await findOrphans(cluster)).toEqual([]);
      },
    );
  });

  describe('when something of it is gone already', () => {
    it.each([
      ['roots', secrets, (id: string) => `${id}-roots`],
      ['credential for the store', secrets, (id: string) => `${id}-datastore`],
      ['configuration', configMaps, (id: string) => `${id}-config`],
      ['Service', services, (id: string) => id],
      ['Deployment', deployments, (id: string) => id],
    ] as [string, Resource, (id: string) => string][])(
      'leaves nothing without its %s',
      async (what, kind, nameOf) => {
        const tenant = await born(`without-${what.toLowerCase().replaceAll(' ', '-')}`);
        const name = nameOf(idOf(tenant));
        await Promise.all([
          cluster.client.delete(kind, { namespace: 'marina-tenants', name }),
          remove(tenant),
        ]);
        await gone(tenant);
        expect(await findOrphans(cluster)).toEqual([]);
      },
    );

    it('finds an object that lost its labels', async () => {
      const tenant = await born('unlabelled');
      // Marina is away, or it would put the labels back.
      await stopMarina();
      const ref = { namespace: 'marina-tenants', name: `${idOf(tenant)}-roots` };
      await merge(secrets, ref, { metadata: { labels: null } });
      await remove(tenant);
      stopMarina = await cluster.startMarina();
      await gone(tenant);
      expect(await cluster.client.get(secrets, ref)).toBeUndefined();
      expect(await findOrphans(cluster)).toEqual([]);
    });
  });

  describe('while its store does not answer', () => {
    it('waits, says for what and which ways there are, and goes on when the store is back', async () => {
      const tenant = await born('patient');
      await cluster.etcd.kill();
      await remove(tenant);

      const waiting = await cluster.tenantWhere(
        tenant,
        (live) => reasonOf(live, 'Ready') === 'DataStoreUnreachable',
      );
      const ready = findCondition(waiting.status?.conditions, 'Ready');
      expect(ready).toMatchObject({ status: 'False' });
      expect(ready?.message).toContain(
        `kubectl -n team-a annotate --overwrite tcp patient ${annotations.abandonPartition}=${idOf(tenant)}`,
      );
      expect(ready?.message).toContain(`asked for at ${waiting.metadata?.deletionTimestamp}`);
      expect(waiting.status).toMatchObject({ phase: 'Deleting', replicas: 0, readyReplicas: 0 });
      expect(claimsOf(waiting)).toEqual([]);
      await warned('patient', 'DataStoreUnreachable');
      // The state is not given up while it can still be read.
      const roots = { namespace: 'marina-tenants', name: `${idOf(tenant)}-roots` };
      expect(await cluster.client.get(secrets, roots)).toBeDefined();

      await cluster.etcd.start();
      await gone(tenant);
      expect(await findOrphans(cluster)).toEqual([]);
    });

    it('goes on in a Marina that was started meanwhile', async () => {
      const tenant = await born('handed-over');
      await cluster.etcd.kill();
      await remove(tenant);
      await cluster.tenantWhere(tenant, (live) => reasonOf(live, 'Ready') === 'DataStoreUnreachable');
      await stopMarina();
      await cluster.etcd.start();
      stopMarina = await cluster.startMarina();
      await gone(tenant);
      expect(await findOrphans(cluster)).toEqual([]);
    });

    it('leaves the partition behind when the annotation names it, and not when it says something else', async () => {
      const tenant = await born('abandoned');
      const id = idOf(tenant);
      await cluster.etcd.kill();
      await remove(tenant);
      await cluster.tenantWhere(tenant, (live) => reasonOf(live, 'Ready') === 'DataStoreUnreachable');

      await annotate(tenant, 'true');
      await cluster.tenantWhere(tenant, (live) =>
        messageOf(live).includes('is "true", which is not the name'),
      );
      await annotate(tenant, id);
      await gone(tenant);

      await warned('abandoned', 'PartitionAbandoned');
      await cluster.etcd.start();
      // What an abandoned partition is: found, told of, and removable with the commands of the Event.
      expect(await findOrphans(cluster)).toEqual(expect.arrayContaining([`user ${id}`, `role ${id}`]));
      await removeByHand(cluster.etcd, id);
      expect(await findOrphans(cluster)).toEqual([]);
    });

    it('removes the partition in spite of the annotation when the store is well', async () => {
      const tenant = await born('cautious');
      await annotate(tenant, idOf(tenant));
      await remove(tenant);
      await gone(tenant);
      expect(await findOrphans(cluster)).toEqual([]);
      expect(await warningsAbout('cautious')).toEqual([]);
    });
  });

  describe('when its DataStore cannot be used', () => {
    it('waits for a Secret of the DataStore', async () => {
      const tenant = await born('secretless');
      const ref = { namespace: 'marina-system', name: 'etcd-datastore-root' };
      const secret = await cluster.client.get(secrets, ref);
      await cluster.client.delete(secrets, ref);
      await remove(tenant);
      await cluster.tenantWhere(tenant, (live) => reasonOf(live, 'Ready') === 'DataStoreSecretMissing');

      await cluster.client.create(secrets, { metadata: ref, type: 'kubernetes.io/tls', data: secret?.data });
      await gone(tenant);
      expect(await findOrphans(cluster)).toEqual([]);
    });

    it('waits for a DataStore that was taken away, and says nothing when the same one comes back', async () => {
      const tenant = await born('homeless');
      const store = await takeAwayDataStore();
      await remove(tenant);
      await cluster.tenantWhere(tenant, (live) => reasonOf(live, 'Ready') === 'DataStoreNotFound');

      await cluster.client.create(dataStores, store);
      await gone(tenant);
      expect(await findOrphans(cluster)).toEqual([]);
      expect(await warningsAbout('homeless')).toEqual(['DataStoreNotFound']);
    });

    it('says where a partition may still be when another store is behind the name', async () => {
      await using other = await startEtcd();
      const tenant = await born('moved');
      const id = idOf(tenant);
      // Marina is away, or the cluster would be born again in the other store.
      await stopMarina();
      await waitForNextSecond();
      const store = await takeAwayDataStore();
      await useSecretsOf(other);
      const endpoints = [...other.endpoints];
      await cluster.client.create(dataStores, { ...store, spec: { ...store.spec, endpoints } });
      await remove(tenant);
      stopMarina = await cluster.startMarina();
      await gone(tenant);
      await warned('moved', 'PartitionNotFound');

      await removeByHand(cluster.etcd, id);
      await takeAwayDataStore();
      await useSecretsOf(cluster.etcd);
      await cluster.client.create(dataStores, store);
      expect(await findOrphans(cluster)).toEqual([]);
    });
  });

  describe('against the hands of others', () => {
    it('does its part when somebody else’s finalizer keeps the object, and says whose', async () => {
      const tenant = await born('kept');
      await merge(tenantControlPlanes, refOfTenant(tenant), {
        metadata: { finalizers: ['marina.dev/control-plane', hold] },
      });
      await remove(tenant);

      const kept = await cluster.tenantWhere(tenant, (live) => messageOf(live).includes(`kept by ${hold}`));
      expect(kept.metadata?.finalizers).toEqual([hold]);
      expect(claimsOf(kept)).toEqual([]);
      await merge(tenantControlPlanes, refOfTenant(tenant), { metadata: { finalizers: null } });
      await gone(tenant);
      expect(await findOrphans(cluster)).toEqual([]);
    });

    it.each([
      ['roots', secrets, (id: string) => `${id}-roots`],
      ['Service', services, (id: string) => id],
      ['Deployment', deployments, (id: string) => id],
    ] as [string, Resource, (id: string) => string][])(
      'waits for whoever keeps its %s',
      async (what, kind, nameOf) => {
        const tenant = await born(`held-${what.toLowerCase()}`);
        const ref = { namespace: 'marina-tenants', name: nameOf(idOf(tenant)) };
        await merge(kind, ref, { metadata: { finalizers: [hold] } });
        await remove(tenant);

        await cluster.tenantWhere(
          tenant,
          (live) =>
            messageOf(live).includes(`${ref.name} is going away and is kept by ${hold}`) ||
            messageOf(live).includes(`${ref.name} is kept by ${hold}`),
        );
        await merge(kind, ref, { metadata: { finalizers: null } });
        await gone(tenant);
        expect(await findOrphans(cluster)).toEqual([]);
      },
    );

    it('waits for whoever keeps a pod', async () => {
      const tenant = await born('held-pod');
      const pod = await podOf(tenant);
      const ref = { namespace: 'marina-tenants', name: pod.metadata?.name ?? '' };
      await merge(pods, ref, { metadata: { finalizers: [hold] } });
      await remove(tenant);

      await cluster.tenantWhere(tenant, (live) => live.status?.phase === 'Deleting');
      await merge(pods, ref, { metadata: { finalizers: null } });
      await gone(tenant);
      expect(await findOrphans(cluster)).toEqual([]);
    });

    it('says how to stop pods that were left without their Deployment', async () => {
      const tenant = await born('beheaded');
      await stopMarina();
      const ref = { namespace: 'marina-tenants', name: idOf(tenant) };
      await cluster.client.delete(deployments, ref, { propagation: 'Orphan' });
      await waitUntil('no Deployment', async () => !(await cluster.client.get(deployments, ref)));
      await remove(tenant);
      stopMarina = await cluster.startMarina();

      await cluster.tenantWhere(tenant, (live) => reasonOf(live, 'Ready') === 'PodsStuck');
      const replicaSets: Resource = {
        apiVersion: 'apps/v1',
        kind: 'ReplicaSet',
        plural: 'replicasets',
        namespaced: true,
      };
      for (const { metadata } of await ofTenant(replicaSets, tenant)) {
        await cluster.client.delete(replicaSets, { namespace: 'marina-tenants', name: metadata?.name ?? '' });
      }
      await gone(tenant);
      expect(await findOrphans(cluster)).toEqual([]);
    });

    it('goes on after the API server of the management cluster was away', async () => {
      const tenants = await Promise.all(['away-1', 'away-2', 'away-3'].map((name) => born(name)));
      await Promise.all(tenants.map(remove));
      await cluster.apiserver.restart();
      await Promise.all(tenants.map((tenant) => gone(tenant, 60_000)));
      expect(await findOrphans(cluster)).toEqual([]);
    }, 120_000);

    it('leaves nothing when the whole namespace is deleted', async () => {
      await using _controller = await startNamespaceController();
      await cluster.client.create(namespaces, { metadata: { name: 'doomed' } });
      const tenants = await Promise.all(['one', 'two'].map((name) => born(name, 'doomed')));
      const newborn = await cluster.create(aTenant(nodePort, { name: 'three', namespace: 'doomed' }));
      await cluster.client.delete(namespaces, { name: 'doomed' });

      await Promise.all([...tenants, newborn].map((tenant) => gone(tenant, 60_000)));
      await waitUntil(
        'no namespace',
        async () => !(await cluster.client.get(namespaces, { name: 'doomed' })),
        60_000,
      );
      expect(await findOrphans(cluster)).toEqual([]);
    }, 120_000);
  });

  it('frees the name for another of it', async () => {
    const first = await born('phoenix');
    await remove(first);
    await gone(first);
    const second = await born('phoenix');
    await waitUntil('its kubeconfig', async () =>
      cluster.client.get(secrets, { namespace: 'team-a', name: 'phoenix-kubeconfig' }),
    );
    expect(idOf(second)).not.toBe(idOf(first));
    expect(await findOrphans(cluster)).toEqual([]);
    await remove(second);
    await gone(second);
    expect(await findOrphans(cluster)).toEqual([]);
  });

  it('names the pod and the node that does not report it gone, and goes on once somebody has decided', async () => {
    const stuck = await cluster.tenantWhere(stranded, (live) => reasonOf(live, 'Ready') === 'PodsStuck');
    expect(messageOf(stuck)).toContain('Pod stranded should have ended at');
    expect(messageOf(stuck)).toContain('kubectl delete node lost');
    expect(reasonOf(stuck, 'WorkloadReady')).toBe('PodsStuck');
    await warned('stranded', 'PodsStuck');

    const ref = { namespace: 'marina-tenants', name: 'stranded' };
    await cluster.client.delete(pods, ref, { gracePeriodSeconds: 0 });
    await gone(stranded);
    expect(await findOrphans(cluster)).toEqual([]);
  }, 120_000);

  async function born(name: string, namespace = 'team-a'): Promise<TenantControlPlane> {
    const tenant = await cluster.create(aTenant(nodePort, { name, namespace }));
    return cluster.tenantWhere(tenant, (live) => reasonOf(live, 'WorkloadReady') === 'ApiServerStarting');
  }

  async function remove(tenant: TenantControlPlane): Promise<void> {
    await cluster.client.delete(tenantControlPlanes, refOfTenant(tenant));
  }

  async function gone(tenant: TenantControlPlane, timeoutMs = 30_000): Promise<void> {
    const isGone = async () => !(await cluster.client.get(tenantControlPlanes, refOfTenant(tenant)));
    await waitUntil(`${tenant.metadata?.name} is gone`, isGone, timeoutMs).catch(async (error: unknown) => {
      const live = await cluster.client.get(tenantControlPlanes, refOfTenant(tenant));
      throw new Error(live && messageOf(live), { cause: error });
    });
  }

  async function annotate(tenant: TenantControlPlane, value: string): Promise<void> {
    await merge(tenantControlPlanes, refOfTenant(tenant), {
      metadata: { annotations: { [annotations.abandonPartition]: value } },
    });
  }

  async function merge(
    kind: Resource,
    ref: { namespace?: string; name: string },
    body: object,
  ): Promise<void> {
    await cluster.client.patch(kind, ref, { type: 'merge', body });
  }

  async function warningsAbout(name: string): Promise<readonly string[]> {
    const { items } = await cluster.client.list(events, { namespace: 'team-a' });
    return items
      .filter(({ involvedObject, type }) => involvedObject.name === name && type === 'Warning')
      .map(({ reason }) => reason ?? '');
  }

  /** Events are written behind what they tell of. */
  async function warned(name: string, reason: string): Promise<void> {
    await waitUntil(`Event ${reason} of ${name}`, async () => (await warningsAbout(name)).includes(reason));
  }

  async function ofTenant<T extends KubeObject>(kind: Resource<T>, tenant: TenantControlPlane): Promise<T[]> {
    const labelSelector = `${labels.runtimeId}=${idOf(tenant)}`;
    return (await cluster.client.list(kind, { namespace: 'marina-tenants', labelSelector })).items;
  }

  async function podOf(tenant: TenantControlPlane) {
    return waitUntil('a pod', async () => (await ofTenant(pods, tenant))[0]);
  }

  /** Another pod of the tenant's, on a node that nobody speaks for. */
  async function strand(tenant: TenantControlPlane): Promise<void> {
    const { metadata, spec } = await podOf(tenant);
    const [container] = spec?.containers ?? [];
    await cluster.client.create(pods, {
      metadata: {
        name: 'stranded',
        namespace: 'marina-tenants',
        labels: { ...metadata?.labels, [labels.component]: 'other' },
      },
      spec: {
        nodeName: 'lost',
        terminationGracePeriodSeconds: 1,
        containers: [{ name: 'any', image: container?.image ?? '' }],
      },
    });
    await remove(tenant);
    await cluster.client.delete(pods, { namespace: 'marina-tenants', name: 'stranded' });
  }

  async function takeAwayDataStore(): Promise<DataStore> {
    const store = await cluster.client.get(dataStores, { name: 'default' });
    if (!store) throw new Error('no DataStore default');
    await cluster.client.delete(dataStores, { name: 'default' });
    return {
      apiVersion: store.apiVersion,
      kind: store.kind,
      metadata: { name: 'default' },
      spec: store.spec,
    };
  }

  /** Gives the names that the DataStore knows to the credentials of this store. */
  async function useSecretsOf({ ca, root }: EtcdServer): Promise<void> {
    for (const [name, credential] of Object.entries({
      'etcd-datastore-ca': ca,
      'etcd-datastore-root': root,
    })) {
      const stringData = { 'tls.crt': credential.certificate, 'tls.key': credential.privateKey };
      await merge(secrets, { namespace: 'marina-system', name }, { stringData });
    }
  }

  async function startNamespaceController(): Promise<AsyncDisposable> {
    const stack = new AsyncDisposableStack();
    const { 'kube-controller-manager': command } = await ensureBinaries(['kube-controller-manager']);
    const directory = stack.use(await createTemporaryDirectory('namespaces'));
    const controller = await startProcess({
      command,
      args: [
        `--kubeconfig=${cluster.kubeconfigPath}`,
        '--controllers=namespace-controller',
        '--leader-elect=false',
        '--secure-port=0',
      ],
      logFile: path.join(directory.path, 'controller.log'),
    });
    stack.defer(() => controller.stop());
    return stack;
  }
});

/**
 * The first object that Marina makes for a tenant comes after the tenant is gone, as when the API server was at a DELETE that
 * had seen no finalizer yet. `overtaken` gets the names.
 */
function losing(client: KubeClient, overtaken: Set<string>): KubeClient {
  const apply: KubeClient['apply'] = async (resource, object, options) => {
    const { [labels.name]: name, [labels.namespace]: namespace } = object.metadata?.labels ?? {};
    if (name && !overtaken.has(name)) {
      overtaken.add(name);
      const ref = { namespace, name };
      await client.delete(tenantControlPlanes, ref);
      await client.patch(tenantControlPlanes, ref, {
        type: 'merge',
        body: { metadata: { finalizers: null } },
      });
    }
    return client.apply(resource, object, options);
  };
  return Object.create(client, { apply: { value: apply } }) as KubeClient;
}

async function onEtcd(
  etcd: EtcdServer,
  act: (client: ReturnType<typeof etcdClient>) => Promise<void>,
): Promise<void> {
  const client = etcdClient(etcd, etcd.root);
  try {
    await act(client);
  } finally {
    client.close();
  }
}

/** What the Event tells operators to do. */
async function removeByHand(etcd: EtcdServer, id: string): Promise<void> {
  await onEtcd(etcd, async (client) => {
    await client.auth.userDelete({ name: id });
    await client.auth.roleDelete({ role: id });
    await client.delete().prefix(`/${id}/`).exec();
  });
}

/** Times in objects are whole seconds: what is to be later has to be a second later. */
async function waitForNextSecond(): Promise<void> {
  const next = Math.floor(Date.now() / 1000) + 1;
  await waitUntil('the next second', () => Promise.resolve(Date.now() >= next * 1000));
}

function refOfTenant({ metadata }: TenantControlPlane) {
  return { namespace: metadata?.namespace ?? '', name: metadata?.name ?? '' };
}

function idOf(tenant: TenantControlPlane): string {
  return tenant.status?.runtimeId ?? '';
}

function reasonOf(tenant: TenantControlPlane, type: string): string | undefined {
  return findCondition(tenant.status?.conditions, type)?.reason;
}

function messageOf(tenant: TenantControlPlane): string {
  return findCondition(tenant.status?.conditions, 'Ready')?.message ?? '';
}

/** Conditions that still say yes. */
function claimsOf(tenant: TenantControlPlane): readonly string[] {
  return (tenant.status?.conditions ?? []).filter(({ status }) => status === 'True').map(({ type }) => type);
}
