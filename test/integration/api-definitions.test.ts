import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Agent, request } from 'undici';
import { kinds, objectSchema } from '../../src/api/v1alpha1/crd.ts';
import { dataStores } from '../../src/api/v1alpha1/data-store.ts';
import { withDefaults, type TenantControlPlaneSpecInput } from '../support/defaults.ts';
import {
  tenantControlPlanes,
  type TenantControlPlane,
  type TenantControlPlaneSpec,
} from '../../src/api/v1alpha1/tenant-control-plane.ts';
import { collectionPath } from '../../src/kube/resource.ts';
import { namespaces, type CustomResourceDefinition } from '../../src/kube/resources.ts';
import { arbitraryValue } from '../support/arbitrary-value.ts';
import { installCustomResources } from '../support/custom-resources.ts';
import { startTenantCluster, type TenantCluster } from '../support/tenant-cluster.ts';

const namespace = 'team-a';
const minimal = { kubernetes: { version: 'v1.36.3' } };

let cluster: TenantCluster;
let definitions: CustomResourceDefinition[];

beforeAll(async () => {
  cluster = await startTenantCluster();
  definitions = await installCustomResources(cluster.client);
  await cluster.client.create(namespaces, { metadata: { name: namespace } });
}, 120_000);

afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
}, 30_000);

test('the API server accepts the definitions as structural and free of conflicts', () => {
  for (const { metadata, status } of definitions) {
    const conditions = Object.fromEntries(
      (status?.conditions ?? []).map(({ type, status }) => [type, status]),
    );
    expect({ name: metadata?.name, ...conditions }).toEqual({
      name: metadata?.name,
      NamesAccepted: 'True',
      Established: 'True',
    });
  }
});

describe('defaults', () => {
  test('a spec that names only a version is filled in whole', async () => {
    const created = await create('minimal', minimal);
    expect(created.spec).toEqual(withDefaults(minimal));
    expect(created.spec.controlPlane.service.serviceType).toBe('LoadBalancer');
  });

  test('the API server fills in, and drops, what the schema in code does', async () => {
    const kind = kinds.find(({ resource }) => resource.kind === 'TenantControlPlane');
    if (!kind) throw new Error('no such kind');
    const spec = objectSchema(kind).properties?.['spec'] ?? {};
    const written = arbitraryValue('spec', spec, {
      'spec.kubernetes.version': fc.constantFrom('v1.36.3', '1.35.0'),
      // False is for one serviceType only.
      'spec.controlPlane.service.allocateLoadBalancerNodePorts': fc.constant(true),
      'spec.controlPlane.deployment.tolerations': fc.constant([{ key: 'a', unheardOf: { kept: true } }]),
      'spec.controlPlane.deployment.resources.apiServer': fc.constant({ requests: { cpu: '30m' } }),
      'spec.networkProfile.address': fc.constantFrom('192.0.2.7', 'api.example.com'),
      'spec.storageBudget': fc.constantFrom(
        { bytes: '512Mi' },
        { objects: 20_000 },
        { bytes: '1Gi', objects: 500 },
      ),
    }) as fc.Arbitrary<Partial<TenantControlPlaneSpecInput>>;
    const specs = written.map(withVersion);

    await fc.assert(
      fc.asyncProperty(specs, async (input) => {
        const object = {
          metadata: { name: 'generated', namespace },
          spec: input as TenantControlPlaneSpec,
        };
        const { spec } = await cluster.client.create(tenantControlPlanes, object, { dryRun: true });
        expect(spec).toEqual(withDefaults(input));
      }),
      { numRuns: 150 },
    );
  }, 60_000);
});

describe('unknown fields', () => {
  const unknown = { ...minimal, networkProfil: { port: 6443 } };

  test('are refused by name when validation is strict', async () => {
    const answer = await post('strict', unknown, 'fieldValidation=Strict');
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({
      message: expect.stringContaining('unknown field "spec.networkProfil"'),
    });
  });

  test('are dropped with a warning otherwise', async () => {
    const answer = await post('warned', unknown);
    expect(answer.status).toBe(201);
    expect(answer.warning).toContain(String.raw`unknown field \"spec.networkProfil\"`);
    expect(answer.body).toMatchObject({
      spec: expect.not.objectContaining({ networkProfil: expect.anything() }),
    });
  });
});

describe('subresources', () => {
  test('status is written by itself only, and nothing but it', async () => {
    const phase = 'Ready';
    const ref = { name: 'status', namespace };
    const created = await create('status', minimal, { phase });
    expect(created.status).toBeUndefined();

    const patch = {
      type: 'merge',
      body: { spec: { controlPlane: { deployment: { replicas: 3 } } }, status: { phase } },
    } as const;
    const byMain = await cluster.client.patch(tenantControlPlanes, ref, patch);
    expect([byMain.spec.controlPlane.deployment.replicas, byMain.status]).toEqual([3, undefined]);

    const other = {
      type: 'merge',
      body: { spec: { controlPlane: { deployment: { replicas: 5 } } }, status: { phase } },
    } as const;
    const byStatus = await cluster.client.patch(tenantControlPlanes, ref, other, { subresource: 'status' });
    expect([byStatus.spec.controlPlane.deployment.replicas, byStatus.status]).toEqual([3, { phase }]);
    expect(byStatus.metadata?.generation).toBe(byMain.metadata?.generation);
  });

  test('scale reads and sets the replicas within their bounds', async () => {
    const ref = { name: 'scaled', namespace };
    await create('scaled', minimal);
    const status = { replicas: 1, selector: 'marina.dev/runtime-id=x' };
    await cluster.client.patch(
      tenantControlPlanes,
      ref,
      { type: 'merge', body: { status } },
      { subresource: 'status' },
    );

    const scale = await scaleTo('scaled', 2);
    expect(scale).toMatchObject({ kind: 'Scale', spec: { replicas: 2 }, status });
    const scaled = await cluster.client.get(tenantControlPlanes, ref);
    expect(scaled?.spec.controlPlane.deployment.replicas).toBe(2);

    await expect(scaleTo('scaled', 10)).rejects.toMatchObject({ code: 'Invalid' });
  });
});

describe('kubectl get', () => {
  test('shows version, readiness, phase, endpoint, store and age of control planes', async () => {
    await create('shown', { ...minimal, dataStore: 'store-1' });
    const ready = {
      type: 'Ready',
      status: 'True',
      reason: 'Ready',
      message: '',
      lastTransitionTime: '2026-01-02T03:04:05Z',
    };
    const status = {
      phase: 'Ready',
      version: 'v1.36.3',
      controlPlaneEndpoint: '192.0.2.7:6443',
      conditions: [ready],
    };
    const ref = { name: 'shown', namespace };
    await cluster.client.patch(
      tenantControlPlanes,
      ref,
      { type: 'merge', body: { status } },
      { subresource: 'status' },
    );

    const table = await tableOf(`${collectionPath(tenantControlPlanes, namespace)}/shown`);
    expect(table.columns).toEqual([
      'Name',
      'Version',
      'Ready',
      'Phase',
      'Endpoint',
      'DataStore',
      'Age',
      'Reason',
    ]);
    const values = [
      'shown',
      'v1.36.3',
      'True',
      'Ready',
      '192.0.2.7:6443',
      'store-1',
      expect.any(String),
      'Ready',
    ];
    expect(table.rows).toEqual([values]);
  });

  test('shows driver, readiness, version, tenants and age of stores', async () => {
    const table = await tableOf(collectionPath(dataStores));
    expect(table.columns).toEqual(['Name', 'Driver', 'Ready', 'Version', 'Tenants', 'Used', 'Age', 'Reason']);
  });
});

async function create(
  name: string,
  spec: TenantControlPlaneSpecInput,
  status?: TenantControlPlane['status'],
) {
  const object = { metadata: { name, namespace }, spec: spec as TenantControlPlaneSpec, status };
  return await cluster.client.create(tenantControlPlanes, object);
}

/** As a control plane without a class has to be. */
function withVersion(spec: Partial<TenantControlPlaneSpecInput>): TenantControlPlaneSpecInput {
  return { ...spec, kubernetes: { ...spec.kubernetes, version: spec.kubernetes?.version ?? 'v1.36.3' } };
}

async function scaleTo(name: string, replicas: number): Promise<unknown> {
  const patch = { type: 'merge', body: { spec: { replicas } } } as const;
  return await cluster.client.patch(tenantControlPlanes, { name, namespace }, patch, {
    subresource: 'scale',
  });
}

async function post(name: string, spec: object, query = '') {
  const { apiVersion, kind } = tenantControlPlanes;
  const body = JSON.stringify({ apiVersion, kind, metadata: { name, namespace }, spec });
  const path = `${collectionPath(tenantControlPlanes, namespace)}?${query}`;
  return await send(path, { method: 'POST', body, headers: { 'content-type': 'application/json' } });
}

async function tableOf(path: string) {
  const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io';
  const { body } = await send(path, { method: 'GET', headers: { accept } });
  const table = body as { columnDefinitions: { name: string }[]; rows: { cells: unknown[] }[] };
  return {
    columns: table.columnDefinitions.map(({ name }) => name),
    rows: table.rows.map(({ cells }) => cells),
  };
}

/** For what KubeClient has no use for: tables, warnings, strict validation. */
async function send(
  path: string,
  options: { method: 'GET' | 'POST'; body?: string; headers: Record<string, string> },
): Promise<{ status: number; warning: string; body: unknown }> {
  const { server, ca, admin } = cluster.apiserver;
  const connect = { ca: ca.certificate, cert: admin.certificate, key: admin.privateKey };
  const dispatcher = new Agent({ connect });
  try {
    const answer = await request(`${server}${path}`, { ...options, dispatcher });
    const body: unknown = await answer.body.json();
    return { status: answer.statusCode, warning: String(answer.headers['warning'] ?? ''), body };
  } finally {
    await dispatcher.close();
  }
}
