import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { reconcileBootstrap, type BootstrapReport } from '../../src/bootstrap/apply.ts';
import type { BootstrapObject } from '../../src/bootstrap/component.ts';
import { nameOf } from '../../src/bootstrap/gather.ts';
import type { BootstrapInput } from '../../src/bootstrap/input.ts';
import { buildBootstrapObjects } from '../../src/bootstrap/index.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { refOf, refOfKey, type Resource } from '../../src/kube/resource.ts';
import {
  clusterRoleBindings,
  configMaps,
  daemonSets,
  deployments,
  endpointSlices,
  roles,
  services,
} from '../../src/kube/resources.ts';
import { aBootstrapInput } from '../support/bootstrap-input.ts';
import { startTenantCluster, type TenantCluster } from '../support/tenant-cluster.ts';
import { waitUntil } from '../support/wait-until.ts';

const objects = buildBootstrapObjects(aBootstrapInput());

let cluster: TenantCluster;
let client: KubeClient;

beforeAll(async () => {
  cluster = await startTenantCluster();
  client = cluster.client;
  await reconcile();
}, 60_000);

afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
}, 30_000);

test('a fresh cluster gets every object with one list a place and one write an object', async () => {
  await Promise.all(objects.map(({ resource, object }) => client.delete(resource, refOf(object))));

  const report = await reconcile();

  expect(appliedIn(report)).toHaveLength(objects.length);
  expect(report).toMatchObject({ writes: 30, requests: 44 });
});

test('a second run writes nothing', async () => {
  await reconcile();

  const report = await reconcile();

  expect(report.writes).toBe(0);
  expect(report.phases.reduce((sum, phase) => sum + phase.unchanged, 0)).toBe(objects.length);
});

test('each object that was deleted is put back, and named', async () => {
  await reconcile();
  for (const { resource, object } of objects) {
    await client.delete(resource, refOf(object));

    const report = await reconcile();

    expect(appliedIn(report)).toEqual([{ object: nameOf(resource, object), paths: [] }]);
    expect(report.writes).toBe(1);
  }
});

test('each object that lost what it says is put right, and named with the fields', async () => {
  await reconcile();
  for (const wanted of objects) {
    const paths = await damage(wanted);

    const report = await reconcile();

    expect(appliedIn(report)).toEqual([{ object: nameOf(wanted.resource, wanted.object), paths }]);
  }
  expect((await reconcile()).writes).toBe(0);
});

test.each<{ what: string; resource: Resource; key: string; body: object; path: string }>([
  {
    what: 'a rule that was widened',
    resource: roles,
    key: 'kube-system/kubeadm:kubelet-config',
    body: { rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get'] }] },
    path: 'rules',
  },
  {
    what: 'a choice of nodes that was narrowed',
    resource: deployments,
    key: 'kube-system/coredns',
    body: { spec: { template: { spec: { nodeSelector: { disk: 'ssd' } } } } },
    path: 'spec.template.spec.nodeSelector',
  },
  {
    what: 'a number of replicas that was changed',
    resource: deployments,
    key: 'kube-system/coredns',
    body: { spec: { replicas: 0 } },
    path: 'spec.replicas',
  },
  {
    what: 'a port that was changed',
    resource: endpointSlices,
    key: 'default/kubernetes',
    body: { ports: [{ name: 'https', port: 1, protocol: 'TCP' }] },
    path: 'ports',
  },
  {
    what: 'a ConfigMap that was broken and sealed',
    resource: configMaps,
    key: 'kube-system/kubelet-config',
    body: { data: { kubelet: 'broken' }, immutable: true },
    path: 'data.kubelet',
  },
])('puts back $what', async ({ resource, key, body, path }) => {
  await reconcile();
  await client.patch(resource, refOfKey(key), { type: 'merge', body });

  const report = await reconcile();

  expect(appliedIn(report)).toEqual([{ object: `${resource.kind} ${key}`, paths: [path] }]);
  expect((await reconcile()).writes).toBe(0);
});

test('a binding that was made anew with another role, and without the label, is replaced', async () => {
  await reconcile();
  const name = 'kubeadm:node-autoapprove-bootstrap';
  const live = await client.get(clusterRoleBindings, { name });
  await client.delete(clusterRoleBindings, { name });
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' };
  await client.create(clusterRoleBindings, { metadata: { name }, roleRef });

  const report = await reconcile();

  expect(appliedIn(report)).toEqual([
    { object: `ClusterRoleBinding ${name}`, paths: ['metadata.labels', 'roleRef', 'subjects'] },
  ]);
  expect((await client.get(clusterRoleBindings, { name }))?.roleRef).toEqual(live?.roleRef);
});

test('what others own on an object is left alone', async () => {
  await reconcile();
  const ref = { namespace: 'kube-system', name: 'coredns' };
  const body = {
    metadata: { annotations: { note: 'ours' } },
    spec: { template: { metadata: { annotations: { restarted: 'today' } } } },
  };
  await client.patch(deployments, ref, { type: 'merge', body });

  const report = await reconcile();

  expect(report.writes).toBe(0);
  expect((await client.get(deployments, ref))?.metadata?.annotations).toMatchObject({ note: 'ours' });
});

test('one object that fails is named and holds up no other', async () => {
  await reconcile();
  const dns = { namespace: 'kube-system', name: 'kube-dns' };
  const squatter = { namespace: 'default', name: 'squatter' };
  await client.delete(services, dns);
  await client.delete(configMaps, { namespace: 'kube-system', name: 'kube-proxy' });
  await client.create(services, {
    metadata: squatter,
    spec: { clusterIP: '10.96.0.10', ports: [{ port: 80 }] },
  });

  const report = await reconcile();

  const failed = report.phases.flatMap((phase) => phase.failed);
  expect(failed).toMatchObject([{ object: 'Service kube-system/kube-dns', code: 'Invalid' }]);
  expect(failed[0]?.message).toContain('10.96.0.10');
  expect(appliedIn(report)).toEqual([{ object: 'ConfigMap kube-system/kube-proxy', paths: [] }]);
  await client.delete(services, squatter);
  expect(appliedIn(await reconcile())).toEqual([{ object: 'Service kube-system/kube-dns', paths: [] }]);
});

test('addons that are switched off are removed, a copy that a tenant made of one is not', async () => {
  await reconcile();
  const original = await client.get(daemonSets, { namespace: 'kube-system', name: 'kube-proxy' });
  const copy = { namespace: 'kube-system', name: 'my-kube-proxy' };
  await client.create(daemonSets, {
    ...original,
    metadata: { ...copy, labels: original?.metadata?.labels },
  });

  const report = await reconcile({ addons: {} });

  expect(report.phases.flatMap((phase) => phase.removed)).toHaveLength(12);
  expect(await client.get(daemonSets, copy)).toBeDefined();
  const ref = { namespace: 'kube-system', name: 'kube-proxy' };
  await waitUntil('kube-proxy is gone', async () => !(await client.get(daemonSets, ref)));
  expect((await reconcile({ addons: {} })).writes).toBe(0);
  await client.delete(daemonSets, copy);
});

test('an endpoint that moves to the other IP family leaves no slice behind', async () => {
  await reconcile();

  const report = await reconcile({ endpointAddresses: ['fd00::7'] });

  expect(report.phases.flatMap((phase) => phase.removed)).toEqual(['EndpointSlice default/kubernetes']);
  const { items } = await client.list(endpointSlices, { namespace: 'default' });
  expect(items.map((slice) => slice.endpoints)).toEqual([
    [{ addresses: ['fd00::7'], conditions: { ready: true } }],
  ]);
});

async function reconcile(overrides: Partial<BootstrapInput> = {}): Promise<BootstrapReport> {
  return await reconcileBootstrap(client, buildBootstrapObjects(aBootstrapInput(overrides)));
}

function appliedIn(report: BootstrapReport) {
  return report.phases.flatMap((phase) => phase.applied);
}

/** Takes away or changes the first thing that the object says; returns the path. */
async function damage({ resource, object }: BootstrapObject): Promise<readonly string[]> {
  const spoiled = DAMAGE[resource.kind];
  if (!spoiled) throw new Error(`no damage known for a ${resource.kind}`);
  const [paths, body] = spoiled(object as never);
  await client.patch(resource, refOf(object), { type: 'merge', body });
  return paths;
}

const DAMAGE: Readonly<
  Record<string, (object: { data?: object }) => readonly [paths: readonly string[], body: object]>
> = {
  ConfigMap: ({ data }) => {
    const [key = ''] = Object.keys(data ?? {});
    return [[`data.${key}`], { data: { [key]: 'broken' } }];
  },
  Role: () => [['rules'], { rules: [] }],
  ClusterRole: () => [['rules'], { rules: [] }],
  RoleBinding: () => [['subjects'], { subjects: null }],
  ClusterRoleBinding: () => [['subjects'], { subjects: null }],
  Endpoints: () => [['subsets'], { subsets: null }],
  EndpointSlice: () => [['endpoints'], { endpoints: [] }],
  // Without its label an object counts as missing.
  ServiceAccount: () => [[], { metadata: { labels: null } }],
  Service: () => [['spec.selector'], { spec: { selector: { 'k8s-app': 'other' } } }],
  Deployment: () => [
    ['spec.strategy.type', 'spec.strategy.rollingUpdate'],
    { spec: { strategy: { type: 'Recreate', rollingUpdate: null } } },
  ],
  DaemonSet: () => [
    ['spec.updateStrategy.type'],
    { spec: { updateStrategy: { type: 'OnDelete', rollingUpdate: null } } },
  ],
};
