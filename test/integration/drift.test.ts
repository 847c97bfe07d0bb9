import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TenantControlPlane } from '../../src/api/v1alpha1/tenant-control-plane.ts';
import { findCondition } from '../../src/engine/conditions.ts';
import type { KubeObject, ObjectRef, Resource } from '../../src/kube/resource.ts';
import {
  configMaps,
  deployments,
  podDisruptionBudgets,
  secrets,
  services,
} from '../../src/kube/resources.ts';
import { type ManagementCluster, startManagementCluster } from '../support/management-cluster.ts';
import { aTenant } from '../support/tenant.ts';
import { waitUntil } from '../support/wait-until.ts';

interface Edit {
  readonly resource: Resource;
  readonly nameOf: (id: string) => string;
  /** JSON pointer. */
  readonly path: string;
  readonly value: unknown;
  /** What was signed is signed anew: valid, and not the same. */
  readonly renewed?: boolean;
}

const own = (id: string) => id;
const certificates = (id: string) => `${id}-certificates`;
const storeAccess = (id: string) => `${id}-datastore`;
const config = (id: string) => `${id}-config`;
const broken = Buffer.from('broken').toString('base64');
const tenantLabel = '/metadata/labels/marina.dev~1tenant-control-plane';
const managedLabel = '/metadata/labels/app.kubernetes.io~1managed-by';

const edits: readonly Edit[] = [
  { resource: services, nameOf: own, path: '/spec/ports/0/targetPort', value: 1 },
  { resource: services, nameOf: own, path: '/spec/selector', value: { app: 'other' } },
  { resource: services, nameOf: own, path: tenantLabel, value: 'nobody' },
  { resource: services, nameOf: own, path: managedLabel, value: 'nobody' },
  { resource: deployments, nameOf: own, path: '/spec/replicas', value: 5 },
  { resource: deployments, nameOf: own, path: '/spec/template/spec/containers/0/image', value: 'evil:v1' },
  { resource: deployments, nameOf: own, path: '/spec/template/spec/containers/0/args', value: ['--v=9'] },
  { resource: podDisruptionBudgets, nameOf: own, path: '/spec/maxUnavailable', value: 0 },
  { resource: secrets, nameOf: certificates, path: '/data/apiserver.crt', value: broken, renewed: true },
  { resource: secrets, nameOf: certificates, path: '/data/scheduler.key', value: broken, renewed: true },
  { resource: secrets, nameOf: certificates, path: tenantLabel, value: 'nobody' },
  { resource: secrets, nameOf: certificates, path: managedLabel, value: 'nobody' },
  { resource: secrets, nameOf: storeAccess, path: '/data/ca.crt', value: broken },
  { resource: secrets, nameOf: storeAccess, path: '/data/client.key', value: broken, renewed: true },
  { resource: secrets, nameOf: storeAccess, path: managedLabel, value: 'nobody' },
  { resource: configMaps, nameOf: config, path: '/data/authentication.yaml', value: 'broken' },
  { resource: configMaps, nameOf: config, path: managedLabel, value: 'nobody' },
];

const deletions: readonly (readonly [string, Resource, (id: string) => string])[] = [
  ['Service', services, own],
  ['Deployment', deployments, own],
  ['PodDisruptionBudget', podDisruptionBudgets, own],
  ['certificates', secrets, certificates],
  ['datastore access', secrets, storeAccess],
  ['configuration', configMaps, config],
];

describe('what a tenant owns in the management cluster', () => {
  let cluster: ManagementCluster;
  let stopMarina: () => Promise<void>;
  let id: string;

  beforeAll(async () => {
    cluster = await startManagementCluster();
    stopMarina = await cluster.startMarina();
    const tenant = await cluster.create(
      aTenant({ controlPlane: { service: { serviceType: 'NodePort' }, deployment: { replicas: 2 } } }),
    );
    const { status } = await cluster.tenantWhere(tenant, isStarting);
    id = status?.runtimeId ?? '';
  }, 120_000);

  afterAll(async () => {
    await stopMarina();
    await cluster[Symbol.asyncDispose]();
  });

  it.each(edits.map((edit) => [`${edit.resource.kind} ${edit.nameOf('')} ${edit.path}`, edit] as const))(
    'is put back when it is edited: %s',
    async (_, { resource, nameOf, path, value, renewed }) => {
      const ref = { namespace: 'marina-tenants', name: nameOf(id) };
      const before = valueAt(await cluster.client.get(resource, ref), path);

      await cluster.client.patch(resource, ref, { type: 'json', body: [{ op: 'replace', path, value }] });

      const live = await liveWhere(resource, ref, (object) => !isSame(valueAt(object, path), value));
      if (!renewed) expect(valueAt(live, path)).toEqual(before);
    },
  );

  it.each(deletions)('is made again when it is deleted: %s', async (_, resource, nameOf) => {
    const ref = { namespace: 'marina-tenants', name: nameOf(id) };
    const before = await cluster.client.get(resource, ref);

    await cluster.client.delete(resource, ref);

    await liveWhere(resource, ref, (object) => object.metadata?.uid !== before?.metadata?.uid);
  });

  it.each(deletions)('keeps what others wrote on it: %s', async (_, resource, nameOf) => {
    const ref = { namespace: 'marina-tenants', name: nameOf(id) };
    const foreign = { labels: { 'example.com/team': 'a' }, annotations: { 'example.com/note': 'ours' } };
    const stolen = { labels: { ...foreign.labels, 'marina.dev/tenant-control-plane-namespace': 'nowhere' } };

    await cluster.client.patch(resource, ref, {
      type: 'merge',
      body: { metadata: { ...foreign, ...stolen } },
    });

    const live = await liveWhere(
      resource,
      ref,
      ({ metadata }) => metadata?.labels?.['marina.dev/tenant-control-plane-namespace'] === 'team-a',
    );
    expect(live.metadata).toMatchObject(foreign);
  });

  it('is the admin kubeconfig in the user’s namespace, too: edited or deleted, it is there again', async () => {
    const ref = { namespace: 'team-a', name: 'demo-kubeconfig' };
    // Marina may not watch there: it writes at every resync.
    await stopMarina();
    stopMarina = await cluster.startMarina({ resyncMs: 500 });
    const kubeconfig = valueAt(await cluster.client.get(secrets, ref), '/data/value');
    const isWhole = (object: KubeObject) => valueAt(object, '/data/value') === kubeconfig;

    await cluster.client.patch(secrets, ref, { type: 'merge', body: { data: { value: broken } } });
    const { metadata } = await liveWhere(secrets, ref, isWhole);

    await cluster.client.delete(secrets, ref);
    await liveWhere(secrets, ref, (object) => isWhole(object) && object.metadata?.uid !== metadata?.uid);
  });

  function liveWhere(
    resource: Resource,
    ref: ObjectRef,
    accept: (object: KubeObject) => boolean,
  ): Promise<KubeObject> {
    return waitUntil(`${resource.kind} ${ref.name} is as it should be`, async () => {
      const live = await cluster.client.get(resource, ref);
      return live && accept(live) && live;
    });
  }
});

function isStarting(tenant: TenantControlPlane): boolean {
  return findCondition(tenant.status?.conditions, 'WorkloadReady')?.reason === 'ApiServerStarting';
}

/** RFC 6901. */
function valueAt(object: unknown, pointer: string): unknown {
  let value = object;
  for (const part of pointer.split('/').slice(1)) {
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~');
    value = (value as Record<string, unknown> | undefined)?.[name];
  }
  return value;
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
