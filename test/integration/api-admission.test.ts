import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { dataStores, type DataStoreSpec } from '../../src/api/v1alpha1/data-store.ts';
import type { TenantControlPlaneSpecInput } from '../support/defaults.ts';
import { ownedFlags, type ControlPlaneProgram } from '../../src/api/v1alpha1/extra-args.ts';
import {
  tenantControlPlanes,
  type TenantControlPlaneSpec,
} from '../../src/api/v1alpha1/tenant-control-plane.ts';
import { namespaces } from '../../src/kube/resources.ts';
import { installCustomResources } from '../support/custom-resources.ts';
import { expectRefused, refusal } from '../support/refusal.ts';
import { startTenantCluster, type TenantCluster } from '../support/tenant-cluster.ts';

const namespace = 'team-a';
const version = 'v1.36.3';

let cluster: TenantCluster;

beforeAll(async () => {
  cluster = await startTenantCluster();
  await installCustomResources(cluster.client);
  await cluster.client.create(namespaces, { metadata: { name: namespace } });
}, 120_000);

afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
}, 30_000);

/** What is wrong, the spec but for its version, the field that the API server names, and a part of what it says. */
type Refusal = readonly [what: string, spec: object, field: string, message: string | RegExp];

describe('a TenantControlPlane is refused for', () => {
  const network = (networkProfile: object) => ({ networkProfile });
  const deployment = (fields: object) => ({ controlPlane: { deployment: fields } });
  const service = (fields: object) => ({ controlPlane: { service: fields } });
  const kubelet = (...configurationPatches: object[]) => ({
    kubernetes: { version, kubelet: { configurationPatches } },
  });
  const serviceCidrs = 'spec.networkProfile.serviceCidrs';
  const podCidrs = 'spec.networkProfile.podCidrs';
  const matching = /should match/;
  const jwt = (fields: object = {}) => {
    const username = { claim: 'sub', prefix: '' };
    const issuer = { url: 'https://a', audiences: ['a'] };
    return { authentication: { jwt: [{ issuer, claimMappings: { username }, ...fields }] } };
  };

  // prettier-ignore
  test.each<Refusal>([
    ['no version', { kubernetes: {} }, 'spec.kubernetes.version', 'Required value'],
    ['a minor version that is too old', { kubernetes: { version: 'v1.34.9' } }, 'spec.kubernetes.version', '1.35, 1.36'],
    ['a minor version that is not known yet', { kubernetes: { version: '1.37.0' } }, 'spec.kubernetes.version', '1.35, 1.36'],
    ['a word for a version', { kubernetes: { version: 'latest' } }, 'spec.kubernetes.version', matching],
    ['a minor version alone', { kubernetes: { version: 'v1.36' } }, 'spec.kubernetes.version', matching],
    ['a version with a suffix', { kubernetes: { version: 'v1.36.3+x' } }, 'spec.kubernetes.version', matching],
    ['a number as version', { kubernetes: { version: 1.36 } }, 'spec.kubernetes.version', 'must be of type string'],

    ['a network that is none', network({ serviceCidrs: ['10.96.0.0'] }), `${serviceCidrs}[0]`, 'must be a CIDR'],
    ['a prefix that is too long', network({ podCidrs: ['10.0.0.0/33'] }), `${podCidrs}[0]`, 'must be a CIDR'],
    ['host bits in a network', network({ serviceCidrs: ['10.96.0.1/16'] }), `${serviceCidrs}[0]`, 'no host bits'],
    ['host bits in an IPv6 network', network({ podCidrs: ['fd00::1/56'] }), `${podCidrs}[0]`, 'no host bits'],
    ['no network at all', network({ podCidrs: [] }), podCidrs, 'at least 1 item'],
    ['three networks', network({ podCidrs: ['10.0.0.0/16', 'fd00::/56', '10.1.0.0/16'] }), podCidrs, 'at most 2 items'],
    ['one family twice', network({ podCidrs: ['10.0.0.0/16', '10.1.0.0/16'] }), podCidrs, 'different IP families'],
    ['the same networks', network({ serviceCidrs: ['10.244.0.0/16'] }), serviceCidrs, 'not overlap'],
    ['services among the pods', network({ serviceCidrs: ['10.244.8.0/24'] }), serviceCidrs, 'not overlap'],
    ['pods among the services', network({ serviceCidrs: ['10.0.0.0/8'] }), serviceCidrs, 'not overlap'],
    [
      'an overlap of the second networks',
      network({ serviceCidrs: ['10.96.0.0/16', 'fd00::/108'], podCidrs: ['10.244.0.0/16', 'fd00::/56'] }),
      serviceCidrs,
      'not overlap',
    ],
    ['IPv6 services for IPv4 pods', network({ serviceCidrs: ['fd00::/108'] }), podCidrs, 'families of serviceCidrs'],
    ['two families for one', network({ podCidrs: ['10.0.0.0/16', 'fd00::/56'] }), podCidrs, 'families of serviceCidrs'],
    ['families in another order', network({ serviceCidrs: ['10.96.0.0/16', 'fd00::/108'], podCidrs: ['fd01::/56', '10.244.0.0/16'] }), podCidrs, 'same order'],
    ['services without room for DNS', network({ serviceCidrs: ['10.96.0.0/29'] }), `${serviceCidrs}[0]`, '16 addresses'],
    ['pods without room for a node', network({ podCidrs: ['10.244.0.0/25'] }), podCidrs, '/24 or larger'],
    ['a DNS address elsewhere', network({ dnsServiceIPs: ['10.97.0.10'] }), 'spec.networkProfile.dnsServiceIPs', 'service CIDR'],
    ['a DNS name as address', network({ dnsServiceIPs: ['dns'] }), 'spec.networkProfile.dnsServiceIPs[0]', 'IP address'],
    ['two DNS addresses of one family', network({ dnsServiceIPs: ['10.96.0.10', '10.96.0.11'] }), 'spec.networkProfile.dnsServiceIPs', 'different IP families'],
    ['services on loopback', network({ serviceCidrs: ['127.0.0.0/16'] }), `${serviceCidrs}[0]`, 'can have'],
    ['multicast pods', network({ podCidrs: ['224.0.0.0/16'] }), `${podCidrs}[0]`, 'can have'],
    ['DNS at the API server’s address', network({ dnsServiceIPs: ['10.96.0.1'] }), 'spec.networkProfile.dnsServiceIPs', 'first two addresses'],
    ['a domain of addresses', network({ clusterDomain: '10.in-addr.arpa' }), 'spec.networkProfile.clusterDomain', 'domain of addresses'],
    ['port 0', network({ port: 0 }), 'spec.networkProfile.port', 'greater than or equal to 1'],
    ['port 70000', network({ port: 70_000 }), 'spec.networkProfile.port', 'less than or equal to 65535'],
    ['a port in words', network({ port: 'https' }), 'spec.networkProfile.port', 'must be of type integer'],
    ['an address with a scheme', network({ address: 'https://a.example.com' }), 'spec.networkProfile.address', 'DNS name'],
    ['an address with a port', network({ address: 'a.example.com:6443' }), 'spec.networkProfile.address', 'DNS name'],
    ['an address that is nearly one', network({ address: '192.0.2.256' }), 'spec.networkProfile.address', 'IP address'],
    ['a name that ends like an address', network({ address: 'api.0x7f' }), 'spec.networkProfile.address', 'DNS name'],
    ['this host', network({ address: 'api.localhost' }), 'spec.networkProfile.address', 'can reach'],
    ['an address in unicode', network({ address: 'münchen.example.com' }), 'spec.networkProfile.address', 'DNS name'],
    ['an address of 300 characters', network({ address: 'a'.repeat(300) }), 'spec.networkProfile.address', 'Too long'],
    ['the unspecified address', network({ address: '0.0.0.0' }), 'spec.networkProfile.address', 'can reach'],
    ['loopback', network({ advertiseAddress: '127.0.0.1' }), 'spec.networkProfile.advertiseAddress', 'can reach'],
    ['a name to advertise', network({ advertiseAddress: 'a.b' }), 'spec.networkProfile.advertiseAddress', 'IP address'],
    ['a name with a space', network({ certSANs: ['a b'] }), 'spec.networkProfile.certSANs[0]', 'DNS name'],
    ['a name that is nearly an address', network({ certSANs: ['010.0.0.1'] }), 'spec.networkProfile.certSANs[0]', 'DNS name'],
    ['a star in the middle', network({ certSANs: ['a', 'a.*.b'] }), 'spec.networkProfile.certSANs[1]', 'DNS name'],
    ['65 names', network({ certSANs: names(65) }), 'spec.networkProfile.certSANs', 'at most 64 items'],
    ['a domain in capitals', network({ clusterDomain: 'Cluster.Local' }), 'spec.networkProfile.clusterDomain', matching],
    ['a domain in unicode', network({ clusterDomain: 'zürich' }), 'spec.networkProfile.clusterDomain', matching],
    ['a label of 64 characters', network({ clusterDomain: 'a'.repeat(64) }), 'spec.networkProfile.clusterDomain', matching],
    ['an unknown check', network({ endpointCheck: 'Maybe' }), 'spec.networkProfile.endpointCheck', 'Unsupported value'],

    ['ten replicas', deployment({ replicas: 10 }), 'spec.controlPlane.deployment.replicas', 'less than or equal to 9'],
    ['minus one replica', deployment({ replicas: -1 }), 'spec.controlPlane.deployment.replicas', 'greater than or equal'],
    [
      'a registry with a scheme',
      deployment({ registrySettings: { registry: 'https://registry.k8s.io' } }),
      'spec.controlPlane.deployment.registrySettings.registry',
      matching,
    ],
    [
      'a registry that no image can be of',
      deployment({ registrySettings: { registry: 'a..b/c' } }),
      'spec.controlPlane.deployment.registrySettings.registry',
      matching,
    ],
    [
      'a request above its limit',
      deployment({ resources: { apiServer: { requests: { cpu: 2 }, limits: { cpu: '1900m' } } } }),
      'spec.controlPlane.deployment.resources.apiServer.requests',
      'not be more than the limit',
    ],
    [
      'a negative amount',
      deployment({ resources: { scheduler: { limits: { memory: '-1Gi' } } } }),
      'spec.controlPlane.deployment.resources.scheduler.limits[memory]',
      'not negative',
    ],
    [
      'an annotation of the Deployment controller',
      deployment({ additionalMetadata: { annotations: { 'deployment.kubernetes.io/revision': '7' } } }),
      'spec.controlPlane.deployment.additionalMetadata.annotations',
      'Deployment controller',
    ],
    [
      'a tag suffix that is another image',
      deployment({ registrySettings: { tagSuffix: '@sha256:0' } }),
      'spec.controlPlane.deployment.registrySettings.tagSuffix',
      matching,
    ],
    [
      'a label value that is none',
      deployment({ podAdditionalMetadata: { labels: { team: 'a b' } } }),
      'spec.controlPlane.deployment.podAdditionalMetadata.labels',
      'label value',
    ],
    [
      'an annotation key that is none',
      deployment({ additionalMetadata: { annotations: { 'a/b/c': 'd' } } }),
      'spec.controlPlane.deployment.additionalMetadata.annotations',
      'qualified name',
    ],
    ['65 node labels', deployment({ nodeSelector: labels(65) }), 'spec.controlPlane.deployment.nodeSelector', 'at most 64 items'],
    ['a class with a space', deployment({ priorityClassName: 'a b' }), 'spec.controlPlane.deployment.priorityClassName', matching],
    ['tolerations that are no objects', deployment({ tolerations: ['all'] }), 'spec.controlPlane.deployment.tolerations[0]', 'must be of type object'],

    ['an unknown service type', service({ serviceType: 'ExternalName' }), 'spec.controlPlane.service.serviceType', 'Unsupported value'],
    ['a load balancer class with a space', service({ loadBalancerClass: 'a b' }), 'spec.controlPlane.service.loadBalancerClass', 'qualified name'],
    [
      'a class without a load balancer',
      service({ serviceType: 'NodePort', loadBalancerClass: 'example.com/lb' }),
      'spec.controlPlane.service.loadBalancerClass',
      'LoadBalancer only',
    ],
    [
      'source ranges without a load balancer',
      service({ serviceType: 'ClusterIP', loadBalancerSourceRanges: ['192.0.2.0/24'] }),
      'spec.controlPlane.service.loadBalancerSourceRanges',
      'LoadBalancer only',
    ],
    [
      'the choice of node ports without a load balancer',
      service({ serviceType: 'NodePort', allocateLoadBalancerNodePorts: false }),
      'spec.controlPlane.service.allocateLoadBalancerNodePorts',
      'LoadBalancer only',
    ],
    [
      'a source range that is none',
      service({ loadBalancerSourceRanges: ['192.0.2.0/24', 'everywhere'] }),
      'spec.controlPlane.service.loadBalancerSourceRanges[1]',
      'must be a CIDR',
    ],

    ['a store name with a dot', { dataStore: 'a.b' }, 'spec.dataStore', matching],
    ['a selector that asks for no value', { dataStoreSelector: { matchExpressions: [{ key: 'tier', operator: 'In' }] } }, 'spec.dataStoreSelector.matchExpressions[0].values', 'need values'],
    ['a selector with a value too many', { dataStoreSelector: { matchExpressions: [{ key: 'tier', operator: 'Exists', values: ['a'] }] } }, 'spec.dataStoreSelector.matchExpressions[0].values', 'take none'],
    ['a selector with a key that is none', { dataStoreSelector: { matchExpressions: [{ key: 'a b', operator: 'Exists' }] } }, 'spec.dataStoreSelector.matchExpressions[0].key', 'qualified name'],
    ['an unknown algorithm', { certificates: { keyAlgorithm: 'Ed25519' } }, 'spec.certificates.keyAlgorithm', 'Unsupported value'],
    ['an issuer without TLS', { serviceAccountIssuers: ['http://a'] }, 'spec.serviceAccountIssuers[0]', 'https URL'],
    ['an issuer without a host', { serviceAccountIssuers: ['https:///x'] }, 'spec.serviceAccountIssuers[0]', 'https URL'],
    ['an issuer twice', { serviceAccountIssuers: ['https://a', 'https://a'] }, 'spec.serviceAccountIssuers[1]', 'Duplicate value'],
    ['an authenticator without audience', jwt({ issuer: { url: 'https://a', audiences: [] } }), 'spec.authentication.jwt[0].issuer.audiences', 'at least 1'],
    ['an authenticator by http', jwt({ issuer: { url: 'http://a', audiences: ['a'] } }), 'spec.authentication.jwt[0].issuer.url', 'https URL'],
    ['a claim without prefix', jwt({ claimMappings: { username: { claim: 'sub' } } }), 'spec.authentication.jwt[0].claimMappings.username.prefix', 'needed with claim'],
    ['an authenticator for service accounts', jwt({ issuer: { url: 'https://kubernetes.default.svc.cluster.local', audiences: ['a'] } }), 'spec.authentication.jwt', 'service-account tokens'],
    ['an authenticator twice', { authentication: { jwt: [jwt().authentication.jwt[0], jwt().authentication.jwt[0]] } }, 'spec.authentication.jwt', 'of its own'],
    ['a toleration of CoreDNS without key', { addons: { coreDNS: { tolerations: [{ effect: 'NoSchedule' }] } } }, 'spec.addons.coreDNS.tolerations[0].operator', 'must be Exists'],
    ['zero replicas of CoreDNS', { addons: { coreDNS: { replicas: 0 } } }, 'spec.addons.coreDNS.replicas', 'greater than or equal to 1'],
    ['an unknown patch operation', kubelet({ op: 'merge', path: '/a' }), 'spec.kubernetes.kubelet.configurationPatches[0].op', 'Unsupported value'],
    ['a patch path that is no pointer', kubelet({ op: 'remove', path: 'maxPods' }), 'spec.kubernetes.kubelet.configurationPatches[0].path', matching],
    ['a move from nowhere', kubelet({ op: 'remove', path: '/a' }, { op: 'move', path: '/a' }), 'spec.kubernetes.kubelet.configurationPatches[1].from', 'needed for move'],
    [
      'an address type twice',
      { kubernetes: { version, kubelet: { preferredAddressTypes: ['Hostname', 'Hostname'] } } },
      'spec.kubernetes.kubelet.preferredAddressTypes[1]',
      'Duplicate value',
    ],
  ])('%s', async (_what, spec, field, message) => {
    await expectRefused(createControlPlane('bad', spec), field, message);
  });

  test.each([
    ['53 characters', 'a'.repeat(53), 'may not be more than 52|Too long'],
    ['300 characters', 'a'.repeat(300), 'Too long|no more than 253'],
    ['a dot', 'a.b', 'should match'],
    ['unicode', 'ämter', 'should match|lowercase RFC 1123'],
  ])('a name of %s', async (_what, name, message) => {
    await expectRefused(createControlPlane(name, {}), 'metadata.name', new RegExp(message));
  });

  test('everything that is wrong with it, at once', async () => {
    const error = await refusal(
      createControlPlane('bad', network({ port: 0, address: 'a b', certSANs: ['c d'] })),
    );
    expect(error.causes.map(({ field }) => field).toSorted()).toEqual([
      'spec.networkProfile.address',
      'spec.networkProfile.certSANs[0]',
      'spec.networkProfile.port',
    ]);
  });
});

describe('flags', () => {
  const path = 'spec.controlPlane.deployment.extraArgs';
  const withFlags = (program: ControlPlaneProgram, flags: readonly string[]) =>
    createControlPlane('flags', { controlPlane: { deployment: { extraArgs: { [program]: flags } } } });

  test.each(Object.keys(ownedFlags) as ControlPlaneProgram[])(
    '%s: each flag that Marina sets is refused, saying what to use instead',
    async (program) => {
      for (const [flag, instead] of Object.entries(ownedFlags[program])) {
        const attempt = withFlags(program, ['--v=2', `--${flag}=x`]);
        await expectRefused(attempt, `${path}.${program}[1]`, `--${flag} is not for extraArgs: ${instead}`);
      }
    },
  );

  test.each([
    ['without a value', '--secure-port'],
    ['with an empty value', '--secure-port='],
    ['with a value that has an equals sign', '--secure-port=a=b'],
  ])('a flag that Marina sets is refused %s', async (_how, flag) => {
    await expectRefused(
      withFlags('apiServer', [flag]),
      `${path}.apiServer[0]`,
      'set spec.networkProfile.port',
    );
  });

  // pflag takes an underscore for a dash (component-base cli/flag, WordSepNormalizeFunc).
  test.each([
    ['--secure_port=1'],
    ['-secure-port=1'],
    ['secure-port=1'],
    ['---v=2'],
    ['--v=2\u0000'],
    ['--v=2\n--secure-port=1'],
    [' --v=2'],
    ['--Secure-Port=1'],
    ['--=x'],
  ])('%s is not taken for a flag', async (flag) => {
    await expectRefused(withFlags('apiServer', [flag]), `${path}.apiServer[0]`, 'must be one flag');
  });

  test('more than 64, or longer than 1024 characters, are refused', async () => {
    const many = Array.from({ length: 65 }, (_, index) => `--v=${index}`);
    await expectRefused(withFlags('scheduler', many), `${path}.scheduler`, 'at most 64 items');
    await expectRefused(
      withFlags('scheduler', [`--v=${'1'.repeat(1021)}`]),
      `${path}.scheduler[0]`,
      'Too long',
    );
  });

  test('others are taken as they are, also those that only begin like one of Marina’s', async () => {
    const flags = [
      '--v=4',
      '--profiling',
      '--secure-port-is-not-this=ünïcode = ✓',
      '--audit-log-format=json',
    ];
    const accepted = await withFlags('apiServer', flags);
    expect(accepted.spec.controlPlane.deployment.extraArgs.apiServer).toEqual(flags);
  });
});

describe('a TenantControlPlane is accepted with', () => {
  const everyPodField = {
    imagePullSecrets: [{ name: 'registry' }],
    resources: {
      apiServer: {
        requests: { cpu: '100m', memory: '256Mi' },
        limits: { memory: '1Gi', 'example.com/card': 1 },
      },
    },
    nodeSelector: { 'example.com/zone': 'a' },
    tolerations: [{ key: 'a', operator: 'Exists', fieldOfTomorrow: { list: [1, null, 'two'], number: 1.5 } }],
    affinity: {
      podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'zone' }] },
    },
    topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule' }],
    priorityClassName: 'tenants',
    runtimeClassName: 'gvisor.example.com',
    additionalMetadata: { labels: { 'example.com/team': 'a', empty: '' }, annotations: { a: 'any text, ✓' } },
  };

  test.each<[string, object]>([
    [
      'two families',
      {
        networkProfile: {
          serviceCidrs: ['10.96.0.0/16', 'fd00:1::/108'],
          podCidrs: ['10.244.0.0/16', 'fd00:2::/56'],
          dnsServiceIPs: ['10.96.0.53', 'fd00:1::53'],
        },
      },
    ],
    [
      'IPv6 alone',
      {
        networkProfile: { serviceCidrs: ['fd00:1::/108'], podCidrs: ['fd00:2::/48'], address: '2001:db8::1' },
      },
    ],
    [
      'the smallest networks',
      { networkProfile: { serviceCidrs: ['10.0.0.0/28'], podCidrs: ['10.0.1.0/24'] } },
    ],
    [
      'smaller node ranges',
      {
        networkProfile: { podCidrs: ['10.0.0.0/25'] },
        controlPlane: { deployment: { extraArgs: { controllerManager: ['--node-cidr-mask-size=27'] } } },
      },
    ],
    [
      'names in the certificate',
      { networkProfile: { certSANs: ['*.example.com', 'a', '192.0.2.1', '::1', 'xn--mnchen-3ya.de'] } },
    ],
    [
      'a published name and port',
      { networkProfile: { address: 'api.example.com', advertiseAddress: '192.0.2.1', port: 443 } },
    ],
    [
      'a load balancer of its own kind',
      {
        controlPlane: {
          service: {
            loadBalancerClass: 'example.com/lb',
            loadBalancerSourceRanges: ['192.0.2.0/24', '2001:db8::/32'],
            allocateLoadBalancerNodePorts: false,
          },
        },
      },
    ],
    [
      'a mirror',
      {
        controlPlane: {
          deployment: {
            registrySettings: { registry: 'registry.example.com:5000/k8s.io', tagSuffix: '-hardened.1' },
          },
        },
        addons: {
          coreDNS: { imageRepository: '[::1]:5000/x', imageTag: 'v1.14.2' },
          kubeProxy: { enabled: false },
        },
      },
    ],
    [
      'patches of any value',
      {
        kubernetes: {
          version,
          kubelet: {
            configurationPatches: [
              { op: 'add', path: '/evictionHard', value: { 'memory.available': '5%', deep: [{ n: 1 }] } },
              { op: 'replace', path: '/maxPods', value: 60 },
              { op: 'copy', from: '/a~1b', path: '/c~0d' },
              { op: 'test', path: '', value: 'all' },
            ],
          },
        },
      },
    ],
    [
      'identity providers',
      {
        authentication: {
          jwt: [
            {
              issuer: { url: 'https://id.example.com', audiences: ['a'] },
              claimMappings: { username: { claim: 'sub', prefix: '' }, uid: { claim: 'sub' } },
              userValidationRules: [{ expression: "!user.username.startsWith('system:')" }],
            },
          ],
        },
        serviceAccountIssuers: ['https://issuer.example.com/tenants/a'],
      },
    ],
    [
      'RSA, stopped, by node port',
      {
        certificates: { keyAlgorithm: 'RSA-2048' },
        controlPlane: { deployment: { replicas: 0 }, service: { serviceType: 'NodePort' } },
      },
    ],
    ['every field of pods, known here or not', { controlPlane: { deployment: everyPodField } }],
  ])('%s, kept as written', async (_what, spec) => {
    const accepted = await createControlPlane('good', spec);
    expect(accepted.spec).toMatchObject(spec);
  });

  test('the longest name', async () => {
    const name = `${'a'.repeat(50)}-b`;
    expect((await createControlPlane(name, {})).metadata?.name).toBe(name);
  });
});

describe('an edit of a TenantControlPlane is refused when it', () => {
  const written = {
    dataStore: 'store-1',
    certificates: { keyAlgorithm: 'RSA-2048' },
    networkProfile: {
      serviceCidrs: ['10.0.0.0/16'],
      podCidrs: ['10.1.0.0/16'],
      clusterDomain: 'tenant.example',
      dnsServiceIPs: ['10.0.0.53'],
    },
    controlPlane: { service: { loadBalancerClass: 'example.com/lb' } },
  };

  beforeAll(async () => {
    await createControlPlane('edited', written, { dryRun: false });
  });

  const ofNetwork = (networkProfile: object) => ({ networkProfile });
  const ofService = (service: object) => ({ controlPlane: { service } });
  const immutable = 'is immutable';
  const together = 'only together with serviceType';

  // prettier-ignore
  test.each<Refusal>([
    ['takes its store away', { dataStore: null }, 'spec.dataStore', 'cannot be taken away'],
    ['changes the algorithm', { certificates: { keyAlgorithm: 'ECDSA-P256' } }, 'spec.certificates.keyAlgorithm', immutable],
    ['removes the certificates’ settings', { certificates: null }, 'spec.certificates.keyAlgorithm', immutable],
    ['changes the service network', ofNetwork({ serviceCidrs: ['10.0.0.0/17'] }), 'spec.networkProfile.serviceCidrs', immutable],
    ['removes the service network', ofNetwork({ serviceCidrs: null }), 'spec.networkProfile.serviceCidrs', immutable],
    ['adds a family', ofNetwork({ podCidrs: ['10.1.0.0/16', 'fd00::/56'] }), 'spec.networkProfile.podCidrs', immutable],
    ['removes the pod network', ofNetwork({ podCidrs: null }), 'spec.networkProfile.podCidrs', immutable],
    ['changes the domain', ofNetwork({ clusterDomain: 'other.example' }), 'spec.networkProfile.clusterDomain', immutable],
    ['removes the domain', ofNetwork({ clusterDomain: null }), 'spec.networkProfile.clusterDomain', immutable],
    ['moves DNS', ofNetwork({ dnsServiceIPs: ['10.0.0.54'] }), 'spec.networkProfile.dnsServiceIPs', immutable],
    ['removes the DNS address', ofNetwork({ dnsServiceIPs: null }), 'spec.networkProfile.dnsServiceIPs', immutable],
    ['removes the network profile', { networkProfile: null }, 'spec.networkProfile.podCidrs', immutable],
    ['changes the load balancer class', ofService({ loadBalancerClass: 'b' }), 'spec.controlPlane.service.loadBalancerClass', together],
    ['removes the load balancer class', ofService({ loadBalancerClass: null }), 'spec.controlPlane.service.loadBalancerClass', together],
    ['skips a minor version', { kubernetes: { version: 'v1.38.0' } }, 'spec.kubernetes.version', 'one minor version'],
    ['goes back a minor version', { kubernetes: { version: 'v1.35.9' } }, 'spec.kubernetes.version', 'not down'],
  ])('%s', async (_what, spec, field, message) => {
    await expectRefused(edit(spec), field, message);
  });

  test.each<[string, object]>([
    ['goes back a patch version', { kubernetes: { version: 'v1.36.0' } }],
    ['is published another way', ofService({ serviceType: 'NodePort', loadBalancerClass: null })],
    [
      'scales and gets another port',
      { networkProfile: { port: 443 }, controlPlane: { deployment: { replicas: 3 } } },
    ],
  ])('but not when it %s', async (_what, spec) => {
    await expect(edit(spec)).resolves.toMatchObject({ metadata: { name: 'edited' } });
  });

  async function edit(spec: object) {
    const patch = { type: 'merge', body: { spec } } as const;
    return await cluster.client.patch(tenantControlPlanes, { name: 'edited', namespace }, patch, {
      dryRun: true,
    });
  }
});

describe('a DataStore', () => {
  const good: DataStoreSpec = {
    driver: 'etcd',
    endpoints: ['etcd-0.etcd.svc:2379', '192.0.2.1:2379', '[2001:db8::1]:2379'],
    tlsConfig: {
      certificateAuthority: { secretName: 'etcd-ca' },
      clientCertificate: { secretName: 'etcd-root' },
    },
  };
  const tls = 'spec.tlsConfig.certificateAuthority.secretName';

  // prettier-ignore
  test.each<Refusal>([
    ['no driver', { driver: undefined }, 'spec.driver', 'Required value'],
    ['an unknown driver', { driver: 'MySQL' }, 'spec.driver', 'Unsupported value'],
    ['no member', { endpoints: [] }, 'spec.endpoints', 'at least 1 item'],
    ['ten members', { endpoints: names(10).map((name) => `${name}:1`) }, 'spec.endpoints', 'at most 9 items'],
    ['a member twice', { endpoints: ['a:1', 'a:1'] }, 'spec.endpoints[1]', 'Duplicate value'],
    ['a URL', { endpoints: ['https://a:2379'] }, 'spec.endpoints[0]', 'should match'],
    ['no port', { endpoints: ['a'] }, 'spec.endpoints[0]', 'should match'],
    ['port 0', { endpoints: ['a:0'] }, 'spec.endpoints[0]', 'should match'],
    ['port 70000', { endpoints: ['b:1', 'a:70000'] }, 'spec.endpoints[1]', 'at most 65535'],
    ['a Secret with a slash', { tlsConfig: { ...good.tlsConfig, certificateAuthority: { secretName: 'a/b' } } }, tls, 'should match'],
    ['no TLS', { tlsConfig: undefined }, 'spec.tlsConfig', 'Required value'],
  ])('is refused for %s', async (_what, fields, field, message) => {
    await expectRefused(createStore('bad', { ...good, ...fields }), field, message);
  });

  test('is refused for a name of 64 characters, and accepted with 63', async () => {
    await expectRefused(createStore('a'.repeat(64), good), 'metadata.name', 'Too long');
    await expect(createStore('a'.repeat(63), good)).resolves.toMatchObject({ spec: good });
  });

  async function createStore(name: string, spec: DataStoreSpec) {
    return await cluster.client.create(dataStores, { metadata: { name }, spec }, { dryRun: true });
  }
});

async function createControlPlane(name: string, spec: object, { dryRun } = { dryRun: true }) {
  const whole: TenantControlPlaneSpecInput = { kubernetes: { version }, ...spec };
  const object = { metadata: { name, namespace }, spec: whole as TenantControlPlaneSpec };
  return await cluster.client.create(tenantControlPlanes, object, { dryRun });
}

function names(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `name-${index}`);
}

function labels(count: number): Record<string, string> {
  return Object.fromEntries(names(count).map((name) => [name, 'x']));
}
