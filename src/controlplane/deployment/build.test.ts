import { readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { aTenant } from '../../../test/support/tenant.ts';
import { tenantNames } from '../names.ts';
import { buildDeployment } from './build.ts';

const etcd = {
  endpoints: ['etcd.marina-system.svc:2379'],
  certificateAuthority: 'PEM',
  partition: 'tl4gjutrnhfhq5gsthogew332ca',
};

function build(tenant = aTenant()) {
  return buildDeployment(tenant, tenantNames(tenant, 'marina-tenants'), {
    etcd,
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
