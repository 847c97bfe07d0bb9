import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type TenantBackup, tenantBackups } from '../../src/api/v1alpha1/tenant-backup.ts';
import { tenantControlPlanes } from '../../src/api/v1alpha1/tenant-control-plane.ts';
import { type TenantRestore, tenantRestores } from '../../src/api/v1alpha1/tenant-restore.ts';
import { isTrue } from '../../src/engine/conditions.ts';
import { configMaps } from '../../src/kube/resources.ts';
import { saveArchivesTo } from '../support/archives.ts';
import { isReady, type LocalCluster, openLocalCluster } from '../support/local-cluster.ts';
import { waitUntil } from '../support/wait-until.ts';

const storage = 'e2e-saved';
const note = { namespace: 'default', name: 'note' };

describe('a tenant', () => {
  const started = new AsyncDisposableStack();
  let cluster: LocalCluster;

  beforeAll(async () => {
    cluster = started.use(await openLocalCluster({ name: 'saved' }));
    started.use(await saveArchivesTo(cluster.client, storage));
    await cluster.createTenant('amber', { dataStore: 'default' });
    await cluster.tenantWhere('amber', isReady);
    await write('on etcd');
  }, 240_000);

  afterAll(() => started.disposeAsync(), 180_000);

  it('moves to another kind of store with all that it has', async () => {
    await cluster.client.patch(
      tenantControlPlanes,
      { namespace: cluster.namespace, name: 'amber' },
      { type: 'merge', body: { spec: { dataStore: 'postgres' } } },
    );

    const moved = await cluster.tenantWhere(
      'amber',
      ({ status }) => status?.migration?.phase === 'Complete' && status.dataStore === 'postgres',
    );

    expect(moved.status?.migration?.entries).toBeGreaterThan(100);
    expect(await read()).toBe('on etcd');
    await write('on Postgres');
  }, 240_000);

  it('is saved there, and comes back as it was', async () => {
    const { namespace, client } = cluster;
    const backup = { metadata: { namespace, name: 'once' }, spec: { tenantControlPlane: 'amber', storage } };
    await client.create(tenantBackups, backup as TenantBackup);
    await waitUntil('there is an archive', async () => {
      const found = await client.get(tenantBackups, { namespace, name: 'once' });
      return isTrue(found?.status?.conditions, 'Ready');
    });
    await write('afterwards');

    const spec = { source: { backup: 'once' }, tenantControlPlane: 'amber' };
    const { metadata } = await client.create(tenantRestores, {
      metadata: { namespace, name: 'back' },
      spec,
    } as TenantRestore);

    await cluster.tenantWhere(
      'amber',
      (tenant) => tenant.status?.restoredBy === metadata?.uid && isReady(tenant),
    );
    expect(await read()).toBe('on Postgres');
  }, 240_000);

  it('leaves nothing in either store when it is deleted', async () => {
    await cluster.deleteTenant('amber');
    expect(await cluster.tenant('amber')).toBeUndefined();
  }, 120_000);

  async function write(word: string): Promise<void> {
    const client = await cluster.tenantClient('amber');
    const object = { metadata: note, data: { word } };
    await waitUntil('it can be written to', () =>
      client.apply(configMaps, object, { fieldManager: 'e2e' }).then(
        () => true,
        () => false,
      ),
    );
  }

  async function read(): Promise<string | undefined> {
    const client = await cluster.tenantClient('amber');
    const found = await waitUntil('it answers', () => client.get(configMaps, note).catch(() => undefined));
    return found.data?.['word'];
  }
});
