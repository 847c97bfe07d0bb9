import { readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { aTenant } from '../../../test/support/tenant.ts';
import { tenantNames } from '../names.ts';
import { buildDeployment } from './build.ts';
import type { StoreAccess } from './store-access.ts';

const etcd: StoreAccess = {
  driver: 'etcd',
  endpoints: ['etcd.marina-system.svc:2379'],
  partition: 'tl4gjutrnhfhq5gsthogew332ca',
  readAtStart: ['PEM'],
};

const postgres: StoreAccess = {
  ...etcd,
  driver: 'postgres',
  endpoints: ['postgres-0.example.com:5432', 'postgres-1.example.com:5433'],
};

function build(tenant = aTenant(), store = etcd) {
  return buildDeployment(tenant, tenantNames(tenant, 'marina-tenants'), {
    store,
    kineImage: 'docker.io/rancher/kine:v0.16.4',
    startupFilesHash: '0123456789abcdef',
  });
}

function argumentsOf(deployment: ReturnType<typeof build>, name: string): readonly string[] {
  return deployment.spec?.template.spec?.containers.find((container) => container.name === name)?.args ?? [];
}

describe('buildDeployment', () => {
  it('is, for a spec of defaults, what stands in test/golden/deployment.yaml', async () => {
    const golden: unknown = parse(await readFile('test/golden/deployment.yaml', 'utf8'));

    expect(JSON.parse(JSON.stringify(build()))).toEqual(golden);
  });

  it('has, on Postgres, the kine that stands in test/golden/kine.yaml before its API server', async () => {
    const golden: unknown = parse(await readFile('test/golden/kine.yaml', 'utf8'));
    const deployment = build(aTenant(), postgres);

    expect(JSON.parse(JSON.stringify(deployment.spec?.template.spec?.initContainers))).toEqual([golden]);
    const flags = argumentsOf(deployment, 'kube-apiserver');
    expect(flags.filter((flag) => flag.startsWith('--etcd'))).toEqual([
      '--etcd-compaction-interval=1m',
      '--etcd-prefix=/tl4gjutrnhfhq5gsthogew332ca',
      '--etcd-servers=unix:///run/kine/kine.sock',
    ]);
  });

  it('gives the database’s credential to kine alone', () => {
    const { initContainers, containers, volumes } = build(aTenant(), postgres).spec?.template.spec ?? {};
    const holders = volumes?.filter((volume) => JSON.stringify(volume).includes('"client.key"'));

    expect(holders?.map(({ name }) => name)).toEqual(['kine-credential']);
    const mounting = [...(initContainers ?? []), ...(containers ?? [])].filter(({ volumeMounts }) =>
      volumeMounts?.some(({ name }) => name === 'kine-credential'),
    );
    expect(mounting.map(({ name }) => name)).toEqual(['kine']);
  });

  it('has the same pod template for any number of replicas', () => {
    const one = build(aTenant({ controlPlane: { deployment: { replicas: 1 } } }));
    const three = build(aTenant({ controlPlane: { deployment: { replicas: 3 } } }));

    expect(three.spec?.template).toEqual(one.spec?.template);
    expect(three.spec?.replicas).toBe(3);
  });

  it('lets the user’s flags win over Marina’s defaults and appends the rest', () => {
    const flags = argumentsOf(
      build(
        aTenant({
          controlPlane: { deployment: { extraArgs: { apiServer: ['--profiling=true', '--v=4'] } } },
        }),
      ),
      'kube-apiserver',
    );

    expect(flags.filter((flag) => flag.startsWith('--profiling'))).toEqual(['--profiling=true']);
    expect(flags.at(-1)).toBe('--v=4');
  });

  it('issues service-account tokens as the first of the user’s issuers and accepts its own', () => {
    const flags = argumentsOf(
      build(aTenant({ serviceAccountIssuers: ['https://issuer.example.com'] })),
      'kube-apiserver',
    );

    expect(flags.filter((flag) => flag.startsWith('--service-account-issuer='))).toEqual([
      '--service-account-issuer=https://issuer.example.com',
      '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
    ]);
  });

  it('takes images from the registry of the spec', () => {
    const images = build(
      aTenant({
        controlPlane: {
          deployment: { registrySettings: { registry: 'mirror.example.com/k8s', tagSuffix: '-fips' } },
        },
      }),
    ).spec?.template.spec?.containers.map((container) => container.image);

    expect(images).toEqual([
      'mirror.example.com/k8s/kube-apiserver:v1.36.3-fips',
      'mirror.example.com/k8s/kube-controller-manager:v1.36.3-fips',
      'mirror.example.com/k8s/kube-scheduler:v1.36.3-fips',
    ]);
  });

  it('mounts the root’s key into the controller manager only', () => {
    const holders = build().spec?.template.spec?.volumes?.filter((volume) =>
      JSON.stringify(volume).includes('"ca.key"'),
    );

    expect(holders?.map((volume) => volume.name)).toEqual(['kube-controller-manager-pki']);
  });

  it('adds the user’s requests to Marina’s, key by key', () => {
    const [apiServer] =
      build(
        aTenant({
          controlPlane: {
            deployment: {
              resources: { apiServer: { requests: { memory: '1Gi' }, limits: { memory: '2Gi' } } },
            },
          },
        }),
      ).spec?.template.spec?.containers ?? [];

    expect(apiServer?.resources).toEqual({
      requests: { cpu: '20m', memory: '1Gi' },
      limits: { memory: '2Gi' },
    });
  });

  it.each([
    [undefined, '1'],
    [{ requests: { cpu: '500m' } }, '1'],
    [{ requests: { cpu: '2500m' } }, '3'],
    [{ requests: { cpu: 2 } }, '2'],
    // Go counts the cores of its cgroup by itself then.
    [{ limits: { cpu: '4' } }, undefined],
  ])('runs a program with %j on %s cores', (apiServer, cores) => {
    const resources = apiServer && { apiServer };

    const [container] =
      build(aTenant({ controlPlane: { deployment: { resources } } })).spec?.template.spec?.containers ?? [];

    expect(container?.env?.find(({ name }) => name === 'GOMAXPROCS')?.value).toBe(cores);
  });

  it('keeps its own labels when the user sets the same ones', () => {
    const tenant = aTenant({
      controlPlane: {
        deployment: { podAdditionalMetadata: { labels: { team: 'a', 'marina.dev/runtime-id': 'stolen' } } },
      },
    });
    const labels = build(tenant).spec?.template.metadata?.labels;

    expect(labels).toMatchObject({
      team: 'a',
      'marina.dev/runtime-id': tenantNames(tenant, 'marina-tenants').runtimeId,
    });
  });
});
