import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TenantControlPlane } from '../../src/api/v1alpha1/tenant-control-plane.ts';
import type { Partition } from '../../src/datastore/driver.ts';
import { openDataStore } from '../../src/datastore/open.ts';
import { configMaps, pods, secrets } from '../../src/kube/resources.ts';
import { decodeData } from '../../src/kube/secret-data.ts';
import { isReady, type LocalCluster, openLocalCluster } from '../support/local-cluster.ts';
import { runtimeIdOf } from '../support/tenant.ts';
import { waitUntil } from '../support/wait-until.ts';

describe('a tenant on Postgres', () => {
  let cluster: LocalCluster;
  let tenant: TenantControlPlane;

  beforeAll(async () => {
    cluster = await openLocalCluster({ name: 'postgres' });
    await cluster.createTenant('red', { dataStore: 'postgres' });
    tenant = await cluster.tenantWhere('red', isReady);
  }, 240_000);

  afterAll(async () => {
    await cluster[Symbol.asyncDispose]();
  }, 180_000);

  it('has a database and a role of its own', async () => {
    const partition = await inspectPartition(runtimeIdOf(tenant));

    expect(partition).toMatchObject({ userExists: true, roleExists: true });
    expect(partition.keys).toBeGreaterThan(100);
  });

  it('keeps what it was told when its pod starts anew', async () => {
    const client = await cluster.tenantClient('red');
    const note = { metadata: { name: 'note', namespace: 'default' }, data: { word: 'kept' } };
    const created = await client.create(configMaps, note);
    const before = await podOf(tenant);

    await cluster.client.delete(pods, { namespace: 'marina-tenants', name: before.metadata?.name ?? '' });
    await waitUntil(
      'another pod is ready',
      async () => {
        const pod = await podOf(tenant).catch(() => undefined);
        const ready = pod?.status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True';
        return pod?.metadata?.uid !== before.metadata?.uid && ready;
      },
      120_000,
    );
    await cluster.tenantWhere('red', isReady);

    const found = await waitUntil('the address answers', async () =>
      client.get(configMaps, { namespace: 'default', name: 'note' }).catch(() => undefined),
    );
    expect(found.metadata?.uid).toBe(created.metadata?.uid);
    expect(found.data).toEqual({ word: 'kept' });
  }, 180_000);

  it('leaves neither database nor role when it is deleted', async () => {
    await cluster.deleteTenant('red');

    expect(await inspectPartition(runtimeIdOf(tenant))).toEqual({
      id: runtimeIdOf(tenant),
      userExists: false,
      roleExists: false,
      keys: 0,
    });
  }, 120_000);

  async function podOf(owner: TenantControlPlane) {
    const { items } = await cluster.client.list(pods, {
      namespace: 'marina-tenants',
      labelSelector: `marina.dev/runtime-id=${runtimeIdOf(owner)}`,
    });
    const [pod] = items.filter(({ metadata }) => !metadata?.deletionTimestamp);
    if (!pod) throw new Error(`${owner.metadata?.name} has no pod`);
    return pod;
  }

  /** As Marina sees it: with the superuser's credential. */
  async function inspectPartition(id: string): Promise<Partition> {
    await using forward = await cluster.portForward('postgres-0', 5432);
    const [authority, root] = await Promise.all(
      ['postgres-datastore-ca', 'postgres-datastore-root'].map(async (name) =>
        decodeData(await cluster.client.get(secrets, { namespace: 'marina-system', name })),
      ),
    );
    await using stack = new AsyncDisposableStack();
    const driver = stack.adopt(
      openDataStore({
        driver: 'postgres',
        endpoints: [`127.0.0.1:${forward.port}`],
        certificateAuthority: authority?.['tls.crt'] ?? '',
        certificateAuthorityKey: authority?.['tls.key'] ?? '',
        clientCertificate: root?.['tls.crt'] ?? '',
        clientKey: root?.['tls.key'] ?? '',
      }),
      (open) => open.close(),
    );
    return await driver.inspectPartition(id);
  }
});
