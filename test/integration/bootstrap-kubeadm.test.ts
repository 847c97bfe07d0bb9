import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { parse, parseAllDocuments } from 'yaml';

import { reconcileBootstrap } from '../../src/bootstrap/apply.ts';
import { buildBootstrapObjects } from '../../src/bootstrap/index.ts';
import type { BootstrapInput } from '../../src/bootstrap/input.ts';
import { buildJoinToken } from '../../src/bootstrap/join-token.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { keyOf, refOf, type KubeObject, type Resource } from '../../src/kube/resource.ts';
import {
  clusterRoleBindings,
  clusterRoles,
  configMaps,
  daemonSets,
  deployments,
  endpoints,
  endpointSlices,
  roleBindings,
  roles,
  secrets,
  serviceAccounts,
  services,
} from '../../src/kube/resources.ts';
import { aBootstrapInput } from '../support/bootstrap-input.ts';
import { startEtcd } from '../support/etcd.ts';
import { kubeadmInit } from '../support/kubeadm.ts';
import { startTenantCluster } from '../support/tenant-cluster.ts';
import { waitUntil } from '../support/wait-until.ts';

/** Everything that either side could write to, the API server's own objects in them included. */
const PLACES: readonly (readonly [resource: Resource, namespace?: string])[] = [
  [configMaps],
  [secrets],
  [roles],
  [roleBindings],
  [clusterRoles],
  [clusterRoleBindings],
  [endpoints],
  [endpointSlices],
  [serviceAccounts, 'kube-system'],
  [services, 'kube-system'],
  [deployments],
  [daemonSets],
];

interface AllowedDifference {
  /** A name as in `ConfigMap kube-system/coredns`. */
  readonly object: RegExp;
  /** Left out: the whole object. */
  readonly path?: readonly string[];
  readonly because: string;
}

const ALLOWED: readonly AllowedDifference[] = [
  {
    object: /./,
    path: ['metadata', 'labels', 'marina.dev/bootstrap-phase'],
    because: 'Marina finds its objects by this label',
  },
  {
    object: /^EndpointSlice default\/kubernetes$/,
    path: ['metadata', 'labels', 'endpointslice.kubernetes.io/managed-by'],
    because: 'Marina writes the slice in place of the API server, which leaves its own unmarked',
  },
  {
    object: /^ConfigMap kube-system\/(kubelet-config|kube-proxy)$/,
    path: ['metadata', 'annotations', 'kubeadm.kubernetes.io/component-config.hash'],
    because: 'it marks what `kubeadm upgrade` may rewrite; here Marina does that',
  },
  ...['etcd', 'certificateValidityPeriod', 'caCertificateValidityPeriod', 'encryptionAlgorithm'].map(
    (field) => ({
      object: /^ConfigMap kube-system\/kubeadm-config$/,
      path: ['data', 'ClusterConfiguration', field],
      because: 'kubeadm describes its own etcd and certificates; a hosted control plane has others',
    }),
  ),
  {
    object: /^ClusterRoleBinding kubeadm:cluster-admins$/,
    because:
      'kubeadm makes it with its first client from /etc/kubernetes/super-admin.conf, in no phase of its own',
  },
];

type Snapshot = Readonly<Record<string, unknown>>;

let resources: AsyncDisposableStack;

beforeAll(() => {
  resources = new AsyncDisposableStack();
});

afterAll(async () => {
  await resources.disposeAsync();
}, 30_000);

test('leaves in a cluster what the real kubeadm init leaves', async () => {
  const etcd = resources.use(await startEtcd({ auth: false }));
  const access = {
    endpoints: etcd.endpoints,
    certificateAuthority: etcd.ca.certificate,
    clientCertificate: etcd.root.certificate,
    clientKey: etcd.root.privateKey,
  };
  const [ours, theirs] = await Promise.all([
    startTenantCluster({ etcd: { ...access, prefix: '/ours' } }),
    startTenantCluster({
      etcd: { ...access, prefix: '/theirs' },
      // Here the API server writes the endpoints of its Service itself.
      extraArgs: ['--endpoint-reconciler-type=lease', '--advertise-address=10.0.0.7'],
    }),
  ]);
  resources.use(ours);
  resources.use(theirs);
  const untouched = await snapshot(ours.client);
  const input = aBootstrapInput({
    endpoint: { host: '127.0.0.1', port: theirs.apiserver.port },
    certificateAuthority: theirs.apiserver.ca.certificate,
  });
  const token = {
    tokenId: 'abcdef',
    tokenSecret: '0123456789abcdef',
    description: 'a worker',
  };

  await kubeadmInit({ input, token, kubeconfigPath: theirs.apiserver.kubeconfigPath }, [
    'upload-config all',
    'bootstrap-token',
    'addon all',
  ]);
  await reconcileBootstrap(ours.client, buildBootstrapObjects(input));
  const expiresAt = await expirationOf(theirs.client, token.tokenId);
  await ours.client.create(secrets, buildJoinToken({ ...token, expiresAt }));

  await waitForEndpoints(theirs.client);
  const used = new Set<AllowedDifference>();
  const expected = withoutAllowed(without(await snapshot(theirs.client), untouched), used);
  const actual = withoutAllowed(without(await snapshot(ours.client), untouched), used);
  expect(Object.keys(expected)).toHaveLength(30);
  expect(actual).toEqual(expected);
  expect(ALLOWED.filter((difference) => !used.has(difference))).toEqual([]);
}, 120_000);

test.each<[string, Partial<BootstrapInput>]>([
  ['a registry of its own', { imageRepository: 'registry.example/kubernetes' }],
  [
    'a CoreDNS of its own and another domain',
    {
      clusterDomain: 'tenant.example',
      addons: {
        coreDNS: { imageRepository: 'mirror.example', imageTag: 'v9.9.9', replicas: 2, tolerations: [] },
        kubeProxy: { patches: [] },
      },
    },
  ],
  [
    'IPv6',
    {
      endpoint: { host: 'fd00::7', port: 443 },
      endpointAddresses: ['fd00::7'],
      serviceCidrs: ['fd00:96::/112'],
      podCidrs: ['fd00:244::/56'],
      dnsServiceIPs: ['fd00:96::a'],
    },
  ],
  [
    'both IP families',
    { serviceCidrs: ['10.96.0.0/16', 'fd00:96::/112'], podCidrs: ['10.244.0.0/16', 'fd00:244::/56'] },
  ],
])('builds the addons that the real kubeadm prints, with %s', async (_, overrides) => {
  const input = aBootstrapInput(overrides);

  const printed = await kubeadmInit({ input }, [
    'addon coredns --print-manifest',
    'addon kube-proxy --print-manifest',
  ]);

  // The API server would fill this in.
  const complete = printed.map((text) =>
    text.replaceAll('- kind: Group\n', '- kind: Group\n  apiGroup: rbac.authorization.k8s.io\n'),
  );
  const theirs = complete.flatMap((text) =>
    parseAllDocuments(text).map((document) => document.toJS() as KubeObject),
  );
  const ours = buildBootstrapObjects(input)
    .filter(({ phase }) => phase === 'coredns' || phase === 'kube-proxy')
    .map(({ resource, object }) => ({ ...object, apiVersion: resource.apiVersion, kind: resource.kind }));
  expect(withoutAllowed(named(ours))).toEqual(withoutAllowed(named(theirs)));
});

/** The API server writes them some time after it is ready. */
async function waitForEndpoints(client: KubeClient): Promise<void> {
  const name = { namespace: 'default', name: 'kubernetes' };
  await waitUntil('the API server has written its endpoints', () => client.get(endpointSlices, name));
}

async function expirationOf(client: KubeClient, tokenId: string): Promise<Date> {
  const secret = await client.get(secrets, { namespace: 'kube-system', name: `bootstrap-token-${tokenId}` });
  return new Date(Buffer.from(secret?.data?.['expiration'] ?? '', 'base64').toString());
}

async function snapshot(client: KubeClient): Promise<Snapshot> {
  const lists = await Promise.all(
    PLACES.map(([resource, namespace]) => client.list(resource, { namespace })),
  );
  return named(lists.flatMap((list) => list.items));
}

function named(objects: readonly KubeObject[]): Snapshot {
  return Object.fromEntries(
    objects.map((object) => [`${object.kind} ${keyOf(refOf(object))}`, meaning(object)]),
  );
}

/** The object without what the API server keeps about it, texts of configuration as what they say. */
function meaning(object: KubeObject): unknown {
  const { managedFields, uid, resourceVersion, creationTimestamp, generation, annotations, ...metadata } =
    object.metadata ?? {};
  const { 'deprecated.daemonset.template.generation': _, ...said } = annotations ?? {};
  const { status, ...rest } = object as KubeObject & { status?: unknown; data?: Record<string, string> };
  const data = object.kind === 'ConfigMap' ? configuration(rest.data ?? {}) : rest.data;
  return withoutZeroes({ ...rest, metadata: { ...metadata, annotations: said }, data });
}

function configuration(data: Readonly<Record<string, string>>): object {
  return Object.fromEntries(
    Object.entries(data).map(([name, text]) => [name, name === 'Corefile' ? text : (parse(text) as unknown)]),
  );
}

/** In Go's configuration types a zero value and no value are one; kubeadm writes many, Marina none. */
function withoutZeroes(value: unknown): unknown {
  if (Array.isArray(value)) return value.length > 0 ? value.map(withoutZeroes) : undefined;
  if (typeof value !== 'object' || value === null) return isZero(value) ? undefined : value;
  const entries = Object.entries(value)
    .map(([name, field]) => [name, withoutZeroes(field)] as const)
    .filter(([, field]) => field !== undefined);
  return entries.length > 0 ? Object.fromEntries(entries) : undefined;
}

function isZero(value: unknown): boolean {
  return [null, undefined, '', '0', '0s', 0, false].includes(value as null);
}

/** Leaves out what the API server makes of its own accord, whenever it gets round to it. */
function without(all: Snapshot, others: Snapshot): Snapshot {
  const late = /^ConfigMap kube-system\/(extension-apiserver-authentication|kube-apiserver-legacy-.*)$/;
  return Object.fromEntries(Object.entries(all).filter(([name]) => !(name in others) && !late.test(name)));
}

function withoutAllowed(all: Snapshot, used = new Set<AllowedDifference>()): Snapshot {
  const result = structuredClone(all) as Record<string, unknown>;
  for (const name of Object.keys(result)) {
    for (const difference of ALLOWED.filter(({ object }) => object.test(name))) {
      if (removeAt(result, [name, ...(difference.path ?? [])])) used.add(difference);
    }
    result[name] = withoutZeroes(result[name]);
    if (result[name] === undefined) delete result[name];
  }
  return result;
}

function removeAt(parent: Record<string, unknown>, [head = '', ...tail]: readonly string[]): boolean {
  if (!(head in parent)) return false;
  if (tail.length > 0) return removeAt(parent[head] as Record<string, unknown>, tail);
  delete parent[head];
  return true;
}
