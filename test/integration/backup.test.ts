import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { backupStorages } from '../../src/api/v1alpha1/backup-storage.ts';
import {
  type TenantBackup,
  tenantBackups,
  type TenantBackupSpec,
} from '../../src/api/v1alpha1/tenant-backup.ts';
import { type TenantControlPlane, tenantControlPlanes } from '../../src/api/v1alpha1/tenant-control-plane.ts';
import {
  type TenantRestore,
  tenantRestores,
  type TenantRestoreSpec,
} from '../../src/api/v1alpha1/tenant-restore.ts';
import { buildPolicy } from '../../src/budget/admission-policy.ts';
import { storageBudgetPolicy } from '../../src/controlplane/names.ts';
import { findCondition } from '../../src/engine/conditions.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { type KubeObject, refOf, type Resource } from '../../src/kube/resource.ts';
import { configMaps, secrets, validatingAdmissionPolicies } from '../../src/kube/resources.ts';
import { encodeData } from '../../src/kube/secret-data.ts';
import { type ManagementCluster, startManagementCluster } from '../support/management-cluster.ts';
import { onMachine } from '../support/process-kubelet.ts';
import { startPostgres } from '../support/postgres.ts';
import { createTemporaryDirectory } from '../support/temporary-directory.ts';
import { aTenant, runtimeIdOf } from '../support/tenant.ts';
import { waitUntil } from '../support/wait-until.ts';

jest.setTimeout(180_000);

const patienceMs = 90_000;

describe('a tenant that is backed up', () => {
  const started = new AsyncDisposableStack();
  let cluster: ManagementCluster;
  let volume: string;
  let demo: TenantControlPlane;

  beforeAll(async () => {
    cluster = started.use(await startManagementCluster());
    volume = started.use(await createTemporaryDirectory('archives')).path;
    const postgres = started.use(await startPostgres());
    await cluster.addDataStore('postgres', { driver: 'postgres', ...postgres });
    await createStorage();
    await cluster.startMachine({ processes: ['kube-apiserver', 'kine'] });
    started.defer(await cluster.startMarina({ backupVolume: volume }));
    demo = await born('demo');
    await inside(demo, async (kube) => {
      await kube.create(configMaps, {
        metadata: { namespace: 'default', name: 'kept' },
        data: { is: 'kept' },
      });
      await kube.create(secrets, {
        metadata: { namespace: 'default', name: 'sealed' },
        data: encodeData({ canary: 'canary-4711' }),
      });
      // As of a budget that it had once.
      await kube.create(validatingAdmissionPolicies, buildPolicy({ objects: 500 }));
    });
  }, 180_000);

  afterAll(() => started.disposeAsync());

  it('has an archive that nobody reads without the identity', async () => {
    const { status } = await backup('first', { tenantControlPlane: 'demo' });

    const [archive] = status?.archives ?? [];
    expect(status?.archives).toHaveLength(1);
    expect(archive?.entries).toBeGreaterThan(100);
    const file = await readFile(path.join(volume, archive?.key ?? ''));
    expect(file.length).toBe(archive?.bytes);
    expect(file.subarray(0, 21).toString()).toBe('age-encryption.org/v1');
    expect(file.includes('kube-system')).toBe(false);
  });

  it('is what it was again, in place, with the keys that its users have', async () => {
    const before = await inside(demo, (kube) => names(kube));
    const roots = demo.status?.rootsFingerprint;
    await inside(demo, async (kube) => {
      await kube.delete(configMaps, { namespace: 'default', name: 'kept' });
      await kube.create(configMaps, { metadata: { namespace: 'default', name: 'later' } });
    });

    const restored = await restore('in-place', { source: { backup: 'first' }, tenantControlPlane: 'demo' });
    demo = await ready(demo, restored);

    expect(restored.status?.entries).toBe(restored.status?.archive?.entries);
    expect(demo.status?.rootsFingerprint).toBe(roots);
    expect(await inside(demo, (kube) => names(kube))).toEqual(before);
    expect(await canary(demo)).toBe('canary-4711');
    await waitUntil('no policy is left of a budget that it has not', () => inside(demo, isUnlimited));
  });

  it('is a second one when it is cloned, with keys of its own, on another kind of store', async () => {
    await restore('clone', {
      source: { backup: 'first' },
      tenantControlPlane: 'copy',
      mode: 'Clone',
      dataStore: 'postgres',
    });
    const copy = await cluster.tenantWhere(aTenant({}, { name: 'copy' }), isReady);

    expect(copy.status?.rootsFingerprint).not.toBe(demo.status?.rootsFingerprint);
    expect(copy.status?.dataStore).toBe('postgres');
    expect(await canary(copy)).toBe('canary-4711');
    expect(await inside(copy, (kube) => names(kube))).toContain('kept');
    expect(await inside(copy, isUnlimited)).toBe(true);
    await inside(demo, (kube) =>
      kube.create(configMaps, { metadata: { namespace: 'default', name: 'mine' } }),
    );
    expect(await inside(copy, (kube) => names(kube))).not.toContain('mine');
  });

  it('comes back after it was deleted, as the same cluster', async () => {
    const roots = demo.status?.rootsFingerprint;
    const former = runtimeIdOf(demo);
    await cluster.client.delete(tenantControlPlanes, refOf(demo));
    await gone(tenantControlPlanes, demo);

    const restored = await restore('again', { source: { backup: 'first' }, tenantControlPlane: 'demo' });
    demo = await ready(aTenant({}, { name: 'demo' }), restored);

    expect(runtimeIdOf(demo)).not.toBe(former);
    expect(demo.status?.rootsFingerprint).toBe(roots);
    expect(await inside(demo, (kube) => names(kube))).toContain('kept');
    expect(await canary(demo)).toBe('canary-4711');
  });

  it.each<[string, Partial<TenantRestoreSpec>, string]>([
    ['an archive that is not there', { source: { backup: 'never' } }, 'ArchiveNotFound'],
    ['a clone onto one that runs', { source: { backup: 'first' }, mode: 'Clone' }, 'RestoreRefused'],
    [
      'an archive of another namespace',
      { source: { storage: 'default', key: 'team-b/demo/x/20261121-080000.jsonl.zst.age' } },
      'ArchiveNotFound',
    ],
  ])('is left alone by a restore of %s', async (_, spec, reason) => {
    const name = `refused-${reason.toLowerCase()}-${Date.now()}`;
    const refused = await create(tenantRestores, name, { tenantControlPlane: 'demo', ...spec });
    await waitUntil(
      `it says ${reason}`,
      async () => (await reasonOf(tenantRestores, refused)) === reason,
      patienceMs,
    );
    expect(isReady((await cluster.client.get(tenantControlPlanes, refOf(demo))) as TenantControlPlane)).toBe(
      true,
    );
  });

  it('is left alone by an archive that was changed', async () => {
    const { status } = await backup('damaged', { tenantControlPlane: 'demo' });
    const file = path.join(volume, status?.archives?.[0]?.key ?? '');
    const content = await readFile(file);
    const middle = Math.floor(content.length / 2);
    content[middle] = (content[middle] ?? 0) ^ 1;
    await writeFile(file, content);

    const refused = await create(tenantRestores, 'damaged', {
      source: { backup: 'damaged' },
      tenantControlPlane: 'demo',
    });

    await waitUntil(
      'it says so',
      async () => (await reasonOf(tenantRestores, refused)) === 'ArchiveDamaged',
      patienceMs,
    );
    expect(await inside(demo, (kube) => names(kube))).toContain('kept');
  });

  it('has its archives deleted with their object where that is wanted, and else not', async () => {
    const deleted = await backup('with-it', { tenantControlPlane: 'demo', deletionPolicy: 'Delete' });
    const kept = await cluster.client.get(tenantBackups, { namespace: 'team-a', name: 'first' });
    for (const one of [deleted, kept as TenantBackup]) {
      await cluster.client.delete(tenantBackups, refOf(one));
      await gone(tenantBackups, one);
    }
    const files = await readdir(volume, { recursive: true });
    expect(files).toContain(kept?.status?.archives?.[0]?.key);
    expect(files).not.toContain(deleted.status?.archives?.[0]?.key);

    const restored = await restore('by-key', {
      source: { storage: 'default', key: kept?.status?.archives?.[0]?.key ?? '' },
      tenantControlPlane: 'demo',
    });
    demo = await ready(demo, restored);
    expect(await inside(demo, (kube) => names(kube))).not.toContain('mine');
  });

  it('has an archive that nobody recorded deleted as well, and none of another backup of that name', async () => {
    const deleted = await backup('hasty', { tenantControlPlane: 'demo', deletionPolicy: 'Delete' });
    const key = deleted.status?.archives?.[0]?.key ?? '';
    const beside = (name: string) => path.join(path.dirname(key), `${name}.jsonl.zst.age`);
    const [earlier, unrecorded] = [beside('20200101-000000'), beside('20990101-000000')];
    for (const file of [earlier, unrecorded]) await writeFile(path.join(volume, file), 'sealed');

    await cluster.client.delete(tenantBackups, refOf(deleted));
    await gone(tenantBackups, deleted);

    const files = await readdir(volume, { recursive: true });
    expect(files).toContain(earlier);
    expect(files).not.toContain(unrecorded);
  });

  async function createStorage(): Promise<void> {
    const identity = await generateX25519Identity();
    await cluster.client.create(secrets, {
      metadata: { namespace: 'marina-system', name: 'backup-identity' },
      type: 'Opaque',
      data: encodeData({ identity }),
    });
    await cluster.client.create(backupStorages, {
      metadata: { name: 'default' },
      spec: {
        volume: {},
        encryption: {
          recipients: [await identityToRecipient(identity)],
          identitySecret: { name: 'backup-identity' },
        },
      },
    });
  }

  async function born(name: string): Promise<TenantControlPlane> {
    return await cluster.tenantWhere(await cluster.create(aTenant(onMachine, { name })), isReady);
  }

  async function backup(
    name: string,
    spec: Pick<TenantBackupSpec, 'tenantControlPlane'> & Partial<TenantBackupSpec>,
  ): Promise<TenantBackup> {
    return await settled(tenantBackups, await create(tenantBackups, name, spec));
  }

  async function restore(
    name: string,
    spec: Pick<TenantRestoreSpec, 'source' | 'tenantControlPlane'> & Partial<TenantRestoreSpec>,
  ): Promise<TenantRestore> {
    return await settled(tenantRestores, await create(tenantRestores, name, spec));
  }

  async function create<T extends KubeObject>(resource: Resource<T>, name: string, spec: object): Promise<T> {
    return await cluster.client.create(resource, {
      metadata: { namespace: 'team-a', name },
      spec,
    } as unknown as T);
  }

  /** Once it is Ready. */
  async function settled<T extends KubeObject & { status?: Conditioned }>(
    resource: Resource<T>,
    object: T,
  ): Promise<T> {
    let last: T | undefined;
    const ask = async () => {
      last = await cluster.client.get(resource, refOf(object));
      return last && isReady(last) && last;
    };
    return await waitUntil(`${resource.kind} ${object.metadata?.name} is Ready`, ask, patienceMs).catch(
      (cause: unknown) => {
        throw new Error(JSON.stringify(last?.status?.conditions), { cause });
      },
    );
  }

  /** Once it serves what was restored. */
  async function ready(tenant: TenantControlPlane, { metadata }: TenantRestore): Promise<TenantControlPlane> {
    return await cluster.tenantWhere(
      tenant,
      (live) => live.status?.restoredBy === metadata?.uid && isReady(live),
    );
  }

  async function reasonOf<T extends KubeObject & { status?: Conditioned }>(resource: Resource<T>, object: T) {
    const live = await cluster.client.get(resource, refOf(object));
    return findCondition(live?.status?.conditions, 'Ready')?.reason;
  }

  async function gone<T extends KubeObject>(resource: Resource<T>, object: T): Promise<void> {
    await waitUntil(
      `${object.metadata?.name} is gone`,
      async () => (await cluster.client.get(resource, refOf(object))) === undefined,
      patienceMs,
    );
  }

  async function inside<T>(tenant: TenantControlPlane, ask: (kube: KubeClient) => Promise<T>): Promise<T> {
    const kube = await cluster.adminOf(tenant);
    try {
      return await ask(kube);
    } finally {
      await kube.close();
    }
  }

  async function canary(tenant: TenantControlPlane): Promise<string> {
    const secret = await inside(tenant, (kube) =>
      kube.get(secrets, { namespace: 'default', name: 'sealed' }),
    );
    return Buffer.from(secret?.data?.['canary'] ?? '', 'base64').toString();
  }
});

type Conditioned = Pick<NonNullable<TenantControlPlane['status']>, 'conditions'>;

function isReady({ status }: { status?: Conditioned }): boolean {
  return findCondition(status?.conditions, 'Ready')?.status === 'True';
}

async function names(kube: KubeClient): Promise<readonly (string | undefined)[]> {
  const { items } = await kube.list(configMaps, { namespace: 'default' });
  return items.map((item) => item.metadata?.name);
}

async function isUnlimited(kube: KubeClient): Promise<boolean> {
  return (await kube.get(validatingAdmissionPolicies, { name: storageBudgetPolicy })) === undefined;
}
