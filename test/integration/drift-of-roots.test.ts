import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TenantControlPlane } from '../../src/api/v1alpha1/tenant-control-plane.ts';
import { findCondition } from '../../src/engine/conditions.ts';
import { type Secret, secrets } from '../../src/kube/resources.ts';
import { type ManagementCluster, startManagementCluster } from '../support/management-cluster.ts';
import { ownedVersions } from '../support/owned-versions.ts';
import { aTenant } from '../support/tenant.ts';

type Data = Readonly<Record<string, string>>;
interface Damage {
  readonly what: string;
  readonly reason: 'RootsChanged' | 'RootsInvalid';
  /** What somebody writes; the second is another tenant's. */
  readonly write: (data: Data, other: Data) => object;
}

const broken = Buffer.from('broken').toString('base64');
const take = (...files: readonly string[]) => ({
  write: (_: Data, other: Data) => Object.fromEntries(files.map((file) => [file, other[file] ?? null])),
});

const damages: readonly Damage[] = [
  { what: 'a broken root', reason: 'RootsInvalid', write: () => ({ 'ca.crt': broken }) },
  { what: 'a broken key of the root', reason: 'RootsInvalid', write: () => ({ 'ca.key': broken }) },
  { what: 'no key of the root', reason: 'RootsInvalid', write: () => ({ 'ca.key': null }) },
  { what: 'a broken service-account key', reason: 'RootsInvalid', write: () => ({ 'sa.key': broken }) },
  { what: 'the key of another root', reason: 'RootsInvalid', ...take('ca.key') },
  { what: 'another service-account key alone', reason: 'RootsInvalid', ...take('sa.key') },
  { what: 'another tenant’s root and key', reason: 'RootsChanged', ...take('ca.crt', 'ca.key') },
  { what: 'another tenant’s service-account keys', reason: 'RootsChanged', ...take('sa.key', 'sa.pub') },
  { what: 'another encryption key', reason: 'RootsChanged', ...take('encryption.yaml') },
  { what: 'all that is another tenant’s', reason: 'RootsChanged', write: (_, other) => other },
];

describe('a tenant’s roots', () => {
  let cluster: ManagementCluster;
  let stopMarina: () => Promise<void>;
  let tenant: TenantControlPlane;
  let roots: Secret;
  let foreign: Data;

  beforeAll(async () => {
    cluster = await startManagementCluster();
    stopMarina = await cluster.startMarina();
    const [victim, other] = await Promise.all([born('victim', 'team-a'), born('other', 'team-b')]);
    tenant = victim;
    roots = await rootsOf(victim);
    foreign = (await rootsOf(other)).data ?? {};
  }, 120_000);

  afterAll(async () => {
    await stopMarina();
    await cluster[Symbol.asyncDispose]();
  });

  it.each(damages)('stop everything when they are edited, and heal when restored: $what', async (damage) => {
    const { name, namespace } = roots.metadata ?? {};
    const before = await derived();

    const edited = damage.write(roots.data ?? {}, foreign);
    await cluster.client.patch(
      secrets,
      { namespace, name: name ?? '' },
      { type: 'merge', body: { data: edited } },
    );

    await stopped(damage.reason);
    expect(await derived()).toEqual(before);

    await cluster.client.patch(
      secrets,
      { namespace, name: name ?? '' },
      { type: 'json', body: [{ op: 'replace', path: '/data', value: roots.data }] },
    );
    await healed();
    expect(await derived()).toEqual(before);
  });

  it('stop everything when they are deleted, are not made anew, and heal when restored', async () => {
    const { name = '', namespace, labels } = roots.metadata ?? {};
    const before = await derived();

    await cluster.client.delete(secrets, { namespace, name });

    await stopped('RootsMissing');
    expect(await derived()).toEqual(before);
    expect(await cluster.client.get(secrets, { namespace, name })).toBeUndefined();

    await cluster.client.create(secrets, { metadata: { namespace, name, labels }, data: roots.data });
    await healed();
    expect(await derived()).toEqual(before);
  });

  it('are missed, not replaced, while they are not labelled as Marina’s', async () => {
    const { name = '', namespace } = roots.metadata ?? {};
    const relabel = (value: string) =>
      cluster.client.patch(
        secrets,
        { namespace, name },
        { type: 'merge', body: { metadata: { labels: { 'app.kubernetes.io/managed-by': value } } } },
      );

    await relabel('somebody');
    await stopped('RootsMissing');
    expect((await rootsOf(tenant)).data).toEqual(roots.data);

    await relabel('marina');
    await healed();
  });

  async function stopped(reason: string): Promise<void> {
    const live = await cluster.tenantWhere(
      tenant,
      ({ status }) => findCondition(status?.conditions, 'CertificatesReady')?.reason === reason,
    );
    expect(findCondition(live.status?.conditions, 'Ready')).toMatchObject({ status: 'False', reason });
    expect(live.status?.rootsFingerprint).toBe(tenant.status?.rootsFingerprint);
  }

  async function healed(): Promise<void> {
    await cluster.tenantWhere(
      tenant,
      ({ status }) => findCondition(status?.conditions, 'CertificatesReady')?.status === 'True',
    );
  }

  /** All that is made of the roots. */
  async function derived(): Promise<readonly string[]> {
    const all = await ownedVersions(cluster.client, tenant);
    return all.filter((version) => !version.startsWith(`Secret/${roots.metadata?.name}@`));
  }

  async function born(name: string, namespace: string): Promise<TenantControlPlane> {
    const created = await cluster.create(
      aTenant({ controlPlane: { service: { serviceType: 'NodePort' } } }, { name, namespace }),
    );
    return cluster.tenantWhere(
      created,
      ({ status }) => findCondition(status?.conditions, 'WorkloadReady')?.reason === 'ApiServerStarting',
    );
  }

  async function rootsOf({ status }: TenantControlPlane): Promise<Secret> {
    const name = `${status?.runtimeId}-roots`;
    const secret = await cluster.client.get(secrets, { namespace: 'marina-tenants', name });
    if (!secret) throw new Error(`Secret ${name} is not there`);
    return secret;
  }
});
