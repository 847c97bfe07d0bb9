import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import {
  type Migration,
  type TenantControlPlane,
  tenantControlPlanes,
} from '../../src/api/v1alpha1/tenant-control-plane.ts';
import { openDataStore } from '../../src/datastore/open.ts';
import { findCondition } from '../../src/engine/conditions.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { refOf } from '../../src/kube/resource.ts';
import { configMaps } from '../../src/kube/resources.ts';
import { rootConnection } from '../support/etcd-datastore.ts';
import { type EtcdServer, startEtcd } from '../support/etcd.ts';
import { type ManagementCluster, startManagementCluster } from '../support/management-cluster.ts';
import { postgresConnection } from '../support/postgres-datastore.ts';
import { type PostgresServer, startPostgres } from '../support/postgres.ts';
import { onMachine } from '../support/process-kubelet.ts';
import { aTenant, runtimeIdOf } from '../support/tenant.ts';
import { TenantWitness } from '../support/tenant-witness.ts';
import { waitUntil } from '../support/wait-until.ts';
import { watchConfigMaps } from '../support/watched-config-maps.ts';

jest.setTimeout(180_000);

describe('a control plane that moves to another store', () => {
  const started = new AsyncDisposableStack();
  let cluster: ManagementCluster;
  let postgres: PostgresServer;
  let second: EtcdServer;
  let tenant: TenantControlPlane;
  let witness: TenantWitness;

  beforeAll(async () => {
    cluster = started.use(await startManagementCluster());
    [postgres, second] = await Promise.all([startPostgres(), startEtcd()]);
    started.use(postgres);
    started.use(second);
    await cluster.addDataStore('postgres', { driver: 'postgres', ...postgres });
    await cluster.addDataStore('second', { driver: 'etcd', ...second });
    await cluster.startMachine({ processes: ['kube-apiserver', 'kine'] });
    started.defer(await cluster.startMarina());
    tenant = await cluster.create(aTenant(onMachine));
    tenant = await cluster.tenantWhere(tenant, isReady);
    witness = started.use(await TenantWitness.of(cluster, tenant));
  }, 180_000);

  afterAll(() => started.disposeAsync());

  it.each([
    ['postgres', 'default'],
    ['second', 'postgres'],
    ['default', 'second'],
  ])('is on %s with all that it had on %s, and what was acknowledged meanwhile', async (to, from) => {
    const writer = await startWriter(await cluster.adminOf(tenant));

    const migration = await move(to);
    const acknowledged = await writer.stop();

    expect(migration).toMatchObject({ from, to, phase: 'Complete' });
    expect(migration.entries).toBeGreaterThan(100);
    expect(migration.contentSha256).toMatch(/^[0-9a-f]{64}$/);
    await witness.check();
    expect(acknowledged.length).toBeGreaterThan(5);
    expect(await writer.missing()).toEqual([]);
    await discard(from);
  });

  it('shows an informer that was there before the first object that is written after it', async () => {
    await using client = disposable(await cluster.adminOf(tenant));
    await using watched = await watchConfigMaps(client.kube);
    const { informer } = watched;
    const to = 'second';

    await move(to);
    await waitUntil('it can be written to', () =>
      client.kube.apply(configMaps, marker('after-the-move'), { fieldManager: 'test' }).then(
        () => true,
        () => false,
      ),
    );

    await waitUntil('the informer has it', () =>
      Promise.resolve(informer.get({ namespace: 'default', name: 'after-the-move' }) !== undefined),
    );
    await discard('default');
  });

  it('stays where it is when the wish is taken back, and can be written to', async () => {
    await cluster.addDataStore('nowhere', {
      driver: 'etcd',
      ...second,
      endpoints: ['127.0.0.1:1'],
    });
    await wish('nowhere');
    await cluster.tenantWhere(
      tenant,
      ({ status }) => status?.migration?.message?.includes('not Ready') ?? false,
    );
    await witness.check();

    await wish('second');

    const after = await cluster.tenantWhere(tenant, ({ status }) => !status?.migration);
    expect(after.status?.dataStore).toBe('second');
    await witness.check();
  });

  it('leaves nothing in any of them when it is deleted', async () => {
    await move('postgres');
    const id = runtimeIdOf(tenant);

    await cluster.client.delete(tenantControlPlanes, refOf(tenant));
    await waitUntil(
      'it is gone',
      async () => (await cluster.client.get(tenantControlPlanes, refOf(tenant))) === undefined,
    );

    for (const connection of [rootConnection(second), postgresConnection(postgres)]) {
      const driver = openDataStore(connection);
      try {
        expect(await driver.inspectPartition(id)).toMatchObject({
          userExists: false,
          roleExists: false,
          keys: 0,
        });
      } finally {
        await driver.close();
      }
    }
  });

  async function wish(dataStore: string): Promise<void> {
    const body = { spec: { dataStore } };
    await cluster.client.patch(tenantControlPlanes, refOf(tenant), { type: 'merge', body });
  }

  async function move(to: string): Promise<Migration> {
    await wish(to);
    const moved = await cluster.tenantWhere(
      tenant,
      ({ status }) => status?.migration?.to === to && status.migration.phase === 'Complete',
    );
    return moved.status?.migration as Migration;
  }

  /** Lets the partition from before go, so that the next move can begin. */
  async function discard(store: string): Promise<void> {
    const body = { metadata: { annotations: { 'marina.dev/discard-previous-partition': store } } };
    await cluster.client.patch(tenantControlPlanes, refOf(tenant), { type: 'merge', body });
    await cluster.tenantWhere(tenant, ({ status }) => !status?.migration);
  }
});

function isReady({ status }: TenantControlPlane): boolean {
  return findCondition(status?.conditions, 'Ready')?.status === 'True';
}

/** Writes as fast as it is answered, and knows what was acknowledged. */
async function startWriter(kube: KubeClient) {
  const stopping = new AbortController();
  const acknowledged: string[] = [];
  const prefix = `written-${Date.now()}`;
  const writing = (async () => {
    for (let number = 0; !stopping.signal.aborted; number += 1) {
      const name = `${prefix}-${number}`;
      const isDone = await kube.create(configMaps, marker(name), { timeoutMs: 2000 }).then(
        () => true,
        () => false,
      );
      if (isDone) acknowledged.push(name);
    }
  })();
  return {
    async stop() {
      stopping.abort();
      await writing;
      return acknowledged;
    },
    async missing() {
      const { items } = await kube.list(configMaps, { namespace: 'default' });
      await kube.close();
      const there = new Set(items.map((item) => item.metadata?.name));
      return acknowledged.filter((name) => !there.has(name));
    },
  };
}

function marker(name: string) {
  return { metadata: { namespace: 'default', name } };
}

function disposable(kube: KubeClient) {
  return { kube, [Symbol.asyncDispose]: () => kube.close() };
}
