import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Agent, request } from 'undici';
import type { Reason } from '../../src/api/v1alpha1/reasons.ts';
import { dataStores } from '../../src/api/v1alpha1/data-store.ts';
import { type TenantControlPlane, tenantControlPlanes } from '../../src/api/v1alpha1/tenant-control-plane.ts';
import { runtimeId } from '../../src/controlplane/runtime-id.ts';
import { findCondition } from '../../src/engine/conditions.ts';
import { collectionPath, type Resource } from '../../src/kube/resource.ts';
import { configMaps, deployments, pods, secrets, services } from '../../src/kube/resources.ts';
import { etcdClient } from '../support/etcd-datastore.ts';
import { type ManagementCluster, startManagementCluster } from '../support/management-cluster.ts';
import { expectRefused } from '../support/refusal.ts';
import { waitUntil } from '../support/wait-until.ts';

const nodePort = { controlPlane: { service: { serviceType: 'NodePort' } } };
const withDeployment = (deployment: object) => ({ controlPlane: { ...nodePort.controlPlane, deployment } });
const annotations = Object.fromEntries(
  Array.from({ length: 10 }, (_, index) => [`a${index}`, 'x'.repeat(32_000)]),
);

let cluster: ManagementCluster;
let stopMarina: () => Promise<void>;

beforeAll(async () => {
  cluster = await startManagementCluster();
  stopMarina = await cluster.startMarina();
}, 120_000);

afterAll(async () => {
  await stopMarina();
  await cluster[Symbol.asyncDispose]();
});

describe('what admission refuses', () => {
  it.each<[string, object, string, string]>([
    [
      'a version that is not supported',
      { kubernetes: { version: 'v1.37.0' } },
      'kubernetes.version',
      '1.35, 1.36',
    ],
    ['a version that is none', { kubernetes: { version: 'latest' } }, 'kubernetes.version', 'should match'],
    [
      'overlapping networks',
      { networkProfile: { podCidrs: ['10.96.0.0/12'] } },
      'networkProfile.serviceCidrs',
      'overlap',
    ],
    [
      'networks of two families',
      { networkProfile: { podCidrs: ['fd00::/56'] } },
      'networkProfile.podCidrs',
      'families',
    ],
    ['an impossible port', { networkProfile: { port: 65_536 } }, 'networkProfile.port', '65535'],
    [
      'an address that is none',
      { networkProfile: { address: '1.2.3.256' } },
      'networkProfile.address',
      'IP address',
    ],
    [
      'an address of 300 characters',
      { networkProfile: { address: 'a'.repeat(300) } },
      'networkProfile.address',
      'Too long',
    ],
    [
      'an address in unicode',
      { networkProfile: { address: 'zürich.example' } },
      'networkProfile.address',
      'DNS name',
    ],
    [
      'a flag that Marina owns',
      withDeployment({ extraArgs: { apiServer: ['--etcd-prefix=/registry'] } }),
      'controlPlane.deployment.extraArgs.apiServer[0]',
      'set spec.dataStore',
    ],
    [
      'an amount that is none',
      withDeployment({ resources: { apiServer: { requests: { cpu: 'lots' } } } }),
      'controlPlane.deployment.resources.apiServer.requests[cpu]',
      'quantity',
    ],
  ])('%s, and nothing is made', async (_what, spec, field, message) => {
    const before = await everything();

    await expectRefused(create('refused', { ...nodePort, ...spec }), `spec.${field}`, message);

    expect(await everything()).toEqual(before);
  });

  it.each([53, 64, 253, 300])('a name of %i characters', async (length) => {
    await expectRefused(
      create('n'.repeat(length), nodePort),
      'metadata.name',
      /Too long|must be no more than/,
    );
  });

  it('an edit of anything that others are named or laid out by, and nothing changes', async () => {
    const tenant = await born('immutable', nodePort);
    const before = await everything();

    for (const [field, spec] of [
      ['networkProfile.serviceCidrs', { networkProfile: { serviceCidrs: ['10.97.0.0/16'] } }],
      ['networkProfile.podCidrs', { networkProfile: { podCidrs: ['10.245.0.0/16'] } }],
      ['networkProfile.clusterDomain', { networkProfile: { clusterDomain: 'other.local' } }],
      ['networkProfile.dnsServiceIPs', { networkProfile: { dnsServiceIPs: ['10.96.0.53'] } }],
      ['certificates.keyAlgorithm', { certificates: { keyAlgorithm: 'RSA-2048' } }],
    ] as const) {
      await expectRefused(edit(tenant, spec), `spec.${field}`, 'immutable');
    }
    await expectRefused(
      edit(tenant, { kubernetes: { version: 'v1.35.0' } }),
      'spec.kubernetes.version',
      'not down',
    );

    expect(await everything()).toEqual(before);
  });
});

/** What is wrong, the spec, the condition that says so and the field in it, the edit that takes it back. */
type Case = readonly [string, object, string, Reason, string, object];

describe('what only a condition can tell', () => {
  const deployment = (fields: object) => ({ controlPlane: { deployment: fields } });

  it.each<Case>([
    [
      'a node port out of range',
      { ...nodePort, networkProfile: { port: 80 } },
      ...(['EndpointReady', 'ServiceInvalid', 'spec.networkProfile.port'] as const),
      { networkProfile: { port: null } },
    ],
    [
      'more annotations than a Service holds',
      { controlPlane: { service: { serviceType: 'NodePort', additionalMetadata: { annotations } } } },
      ...(['EndpointReady', 'ServiceInvalid', 'spec.controlPlane.service.additionalMetadata'] as const),
      { controlPlane: { service: { additionalMetadata: null } } },
    ],
    [
      'more annotations than a Deployment holds',
      withDeployment({ additionalMetadata: { annotations } }),
      ...(['WorkloadReady', 'DeploymentInvalid', 'spec.controlPlane.deployment.additionalMetadata'] as const),
      deployment({ additionalMetadata: null }),
    ],
    [
      'a toleration with a field that there is not',
      withDeployment({ tolerations: [{ operator: 'Exists', forever: true }] }),
      ...([
        'WorkloadReady',
        'DeploymentInvalid',
        'spec.controlPlane.deployment.tolerations[0].forever',
      ] as const),
      deployment({ tolerations: null }),
    ],
    [
      'an affinity of another type',
      withDeployment({ affinity: { nodeAffinity: 'near' } }),
      ...([
        'WorkloadReady',
        'DeploymentInvalid',
        'spec.controlPlane.deployment.affinity.nodeAffinity',
      ] as const),
      deployment({ affinity: null }),
    ],
    [
      'a registry credential twice',
      withDeployment({ imagePullSecrets: [{ name: 'a' }, { name: 'a' }] }),
      ...(['WorkloadReady', 'DeploymentInvalid', 'spec.controlPlane.deployment.imagePullSecrets'] as const),
      deployment({ imagePullSecrets: null }),
    ],
    [
      'a spread that the API server would cut to 32 bits',
      withDeployment({
        topologySpreadConstraints: [
          { maxSkew: 1e10, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule' },
        ],
      }),
      ...([
        'WorkloadReady',
        'SpecInvalid',
        'spec.controlPlane.deployment.topologySpreadConstraints',
      ] as const),
      deployment({ topologySpreadConstraints: null }),
    ],
    [
      'a limit below what Marina requests',
      withDeployment({ resources: { scheduler: { limits: { cpu: '1m' } } } }),
      ...([
        'WorkloadReady',
        'DeploymentInvalid',
        'spec.controlPlane.deployment.resources.scheduler',
      ] as const),
      deployment({ resources: null }),
    ],
  ])('%s: no pod is made, and taking it back heals', async (...row: Case) => {
    const [what, spec, type, reason, field, revert] = row;
    const tenant = await create(
      what
        .replaceAll(/[^a-z0-9]+/g, '-')
        .slice(0, 40)
        .replace(/-$/, ''),
      spec,
    );

    const stopped = await cluster.tenantWhere(tenant, (live) => conditionOf(live, type)?.reason === reason);
    expect(conditionOf(stopped, type)?.message).toContain(field);
    expect(conditionOf(stopped, 'Ready')).toMatchObject({ status: 'False', reason });
    expect(stopped.status).toMatchObject({
      phase: 'Degraded',
      observedGeneration: stopped.metadata?.generation,
    });
    expect(await madeFor(tenant, [deployments, pods])).toEqual([]);
    if (reason === 'ServiceInvalid') {
      expect(await madeFor(tenant, [services])).toEqual([]);
      expect(await kubeconfigOf(tenant)).toBeUndefined();
    }

    await edit(tenant, revert);

    await isStarting(tenant);
  });

  it('a node port that another tenant has, until that one is gone', async () => {
    const first = await born('port-first', { ...nodePort, networkProfile: { port: 30_555 } });
    const second = await create('port-second', { ...nodePort, networkProfile: { port: 30_555 } });

    const refused = await cluster.tenantWhere(
      second,
      (live) => conditionOf(live, 'EndpointReady')?.reason === 'ServiceInvalid',
    );
    expect(conditionOf(refused, 'EndpointReady')?.message).toMatch(/spec\.networkProfile\.port: .*allocated/);
    expect(await madeFor(second, [services, deployments])).toEqual([]);

    await remove(first);

    await isStarting(second);
  });

  it('a DataStore that is not there, until it is', async () => {
    const tenant = await create('storeless', { ...nodePort, dataStore: 'second' });

    await cluster.tenantWhere(
      tenant,
      (live) => conditionOf(live, 'DataStoreReady')?.reason === 'DataStoreNotFound',
    );
    expect(await madeFor(tenant, [deployments, pods])).toEqual([]);
    expect(await storeUsers()).not.toContain(idOf(tenant));

    const store = await cluster.client.get(dataStores, { name: 'default' });
    if (!store) throw new Error('no store');
    await cluster.client.create(dataStores, { metadata: { name: 'second' }, spec: store.spec });

    await isStarting(tenant);
  });

  it('JSON as deep as the API server takes it, which stops neither this tenant’s deletion nor any other', async () => {
    const jwt = `{"issuer":{"url":"https://a.example","audiences":["a"]},"claimMappings":{"username":{"claim":"sub","prefix":""}},"deep":${'['.repeat(9_900)}${']'.repeat(9_900)}}`;
    const tenant = await createText(
      'deep',
      `{"kubernetes":{"version":"v1.36.3"},"authentication":{"jwt":[${jwt}]},"controlPlane":{"service":{"serviceType":"NodePort"}}}`,
    );

    const stopped = await cluster.tenantWhere(
      tenant,
      (live) => conditionOf(live, 'WorkloadReady')?.reason === 'SpecInvalid',
    );
    expect(conditionOf(stopped, 'WorkloadReady')?.message).toContain('spec.authentication.jwt');
    expect(await madeFor(tenant, [deployments, pods])).toEqual([]);
    await born('beside-the-deep', nodePort);

    await remove(tenant);
    expect(await madeFor(tenant, [services, secrets, configMaps, deployments, pods])).toEqual([]);
    expect(await storeUsers()).not.toContain(idOf(tenant));
  });

  it('leaves a control plane that serves alone when an edit cannot be', async () => {
    const tenant = await born('serving', nodePort);
    const pod = await waitUntil('its pod is there', async () => (await podsOf(tenant)).at(0));
    const ref = { name: pod.metadata?.name ?? '', namespace: 'marina-tenants' };
    const ready = { name: 'kube-apiserver', ready: true, restartCount: 0, image: '', imageID: '' };
    const status = { podIP: '127.0.0.1', phase: 'Running', containerStatuses: [ready] };
    await cluster.client.patch(pods, ref, { type: 'merge', body: { status } }, { subresource: 'status' });
    await cluster.tenantWhere(tenant, (live) => live.status?.readyReplicas === 1);
    const before = await madeFor(tenant, [deployments]);

    await edit(tenant, deployment({ tolerations: [{ operator: 'Maybe' }] }));

    const refused = await cluster.tenantWhere(
      tenant,
      (live) => conditionOf(live, 'WorkloadReady')?.reason === 'DeploymentInvalid',
    );
    expect(refused.status?.readyReplicas).toBe(1);
    expect(await madeFor(tenant, [deployments])).toEqual(before);
  });
});

describe('what is odd and fine', () => {
  it.each<[string, string, object]>([
    ['the longest name', 'n'.repeat(52), nodePort],
    [
      'text that YAML has no characters for',
      'unprintable',
      withDeployment({ additionalMetadata: { annotations: { a: '\u0080\u2028\u0085\u{1f600}\ufeff"\\' } } }),
    ],
    [
      'amounts that the API server spells its own way',
      'amounts',
      withDeployment({ resources: { apiServer: { requests: { cpu: '0.5', memory: '1024Mi' } } } }),
    ],
    [
      'fields that say nothing',
      'nothing-said',
      withDeployment({ tolerations: [{ key: '', value: null, operator: 'Exists' }], nodeSelector: {} }),
    ],
    [
      'its own issuer among the others',
      'issuer',
      {
        ...nodePort,
        serviceAccountIssuers: ['https://a.example', 'https://kubernetes.default.svc.cluster.local'],
      },
    ],
  ])('%s is born, and written once', async (_what, name, spec) => {
    const tenant = await born(name, spec);
    const before = await madeFor(tenant, [services, secrets, configMaps, deployments]);

    await edit(tenant, { networkProfile: { endpointCheck: 'Skip' } });
    await cluster.tenantWhere(tenant, (live) => live.status?.observedGeneration === 2);

    expect(await madeFor(tenant, [services, secrets, configMaps, deployments])).toEqual(before);
  });
});

function create(name: string, spec: object): Promise<TenantControlPlane> {
  const whole = {
    kubernetes: { version: 'v1.36.3' },
    dataStore: 'default',
    ...spec,
  } as TenantControlPlane['spec'];
  return cluster.client.create(tenantControlPlanes, { metadata: { name, namespace: 'team-a' }, spec: whole });
}

async function born(name: string, spec: object): Promise<TenantControlPlane> {
  return isStarting(await create(name, spec));
}

function isStarting(tenant: TenantControlPlane): Promise<TenantControlPlane> {
  return cluster.tenantWhere(
    tenant,
    (live) => conditionOf(live, 'WorkloadReady')?.reason === 'ApiServerStarting',
  );
}

function edit(tenant: TenantControlPlane, spec: object): Promise<TenantControlPlane> {
  const { name = '', namespace } = tenant.metadata ?? {};
  return cluster.client.patch(tenantControlPlanes, { name, namespace }, { type: 'merge', body: { spec } });
}

async function remove(tenant: TenantControlPlane): Promise<void> {
  const { name = '', namespace } = tenant.metadata ?? {};
  await cluster.client.delete(tenantControlPlanes, { name, namespace });
  await waitUntil(`${name} is gone`, async () => {
    return (await cluster.client.get(tenantControlPlanes, { name, namespace })) === undefined;
  });
}

/** For what JSON.stringify cannot write. */
async function createText(name: string, spec: string): Promise<TenantControlPlane> {
  const { server, ca, admin } = cluster.apiserver;
  const { apiVersion, kind } = tenantControlPlanes;
  const connect = { ca: ca.certificate, cert: admin.certificate, key: admin.privateKey };
  const dispatcher = new Agent({ connect });
  try {
    const answer = await request(`${server}${collectionPath(tenantControlPlanes, 'team-a')}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: `{"apiVersion":"${apiVersion}","kind":"${kind}","metadata":{"name":"${name}","namespace":"team-a"},"spec":${spec}}`,
      dispatcher,
    });
    const { metadata } = (await answer.body.json()) as TenantControlPlane;
    expect(answer.statusCode).toBe(201);
    return { metadata } as TenantControlPlane;
  } finally {
    await dispatcher.close();
  }
}

function idOf(tenant: TenantControlPlane): string {
  return runtimeId(tenant.metadata?.uid ?? '');
}

async function podsOf(tenant: TenantControlPlane) {
  const labelSelector = `marina.dev/runtime-id=${idOf(tenant)}`;
  return (await cluster.client.list(pods, { namespace: 'marina-tenants', labelSelector })).items;
}

function kubeconfigOf(tenant: TenantControlPlane) {
  return cluster.client.get(secrets, { namespace: 'team-a', name: `${tenant.metadata?.name}-kubeconfig` });
}

/** `Kind/name@generation`, or resourceVersion where there is none. */
async function madeFor(tenant: TenantControlPlane, kinds: readonly Resource[]): Promise<readonly string[]> {
  return made(kinds, `marina.dev/runtime-id=${idOf(tenant)}`);
}

/** All that Marina has made for anybody, in the management cluster and in the store. */
async function everything(): Promise<readonly string[]> {
  const kinds = [services, secrets, configMaps, deployments];
  return [...(await made(kinds, 'app.kubernetes.io/managed-by=marina')), ...(await storeUsers())];
}

async function made(kinds: readonly Resource[], labelSelector: string): Promise<readonly string[]> {
  const lists = await Promise.all(
    kinds.map((kind) => cluster.client.list(kind, { namespace: 'marina-tenants', labelSelector })),
  );
  return lists.flatMap(({ items }, index) =>
    items.map(({ metadata }) => {
      const version = metadata?.generation ?? metadata?.resourceVersion;
      return `${kinds[index]?.kind}/${metadata?.name}@${version}`;
    }),
  );
}

async function storeUsers(): Promise<readonly string[]> {
  const client = etcdClient(cluster.etcd, cluster.etcd.root);
  try {
    return (await client.getUsers()).map((user) => user.name).toSorted();
  } finally {
    client.close();
  }
}

function conditionOf(tenant: TenantControlPlane, type: string) {
  return findCondition(tenant.status?.conditions, type);
}
