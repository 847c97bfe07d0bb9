import fc from 'fast-check';
import {
  among,
  badFlags,
  badPatch,
  badToleration,
  brokenNetworks,
  brokenServices,
  bulk,
  goodFlags,
  goodPatch,
  goodToleration,
  jwt,
  labels,
  metadata,
  nested,
  networks,
  notAnInteger,
  notAnObject,
  notText,
  odd,
  resources,
  services,
  term,
} from './arbitrary-parts.ts';

/** A field of a TenantControlPlane's spec, values that are fine there, and values that are not. */
export interface Field {
  /** Below `spec`. */
  readonly path: string;
  readonly good: fc.Arbitrary<unknown>;
  readonly bad: fc.Arbitrary<unknown>;
}

/** 64 characters are a host name that only DNS has something against. */
const oddOfImages = odd.filter((value) => value !== 'x'.repeat(64));

export const specFields: readonly Field[] = [
  { path: 'dataStore', good: fc.constantFrom('default', 'store-1'), bad: fc.oneof(odd, fc.constant('a.b')) },
  {
    path: 'kubernetes.version',
    good: fc.constantFrom('v1.36.3', '1.36.3', 'v1.35.0', 'v1.36.99'),
    bad: fc.oneof(
      odd,
      fc.constantFrom('v1.34.9', 'v1.37.0', '2.36.3', 'v1.36', 'v1.036.3', 'v1.36.3-rc.1', 'latest'),
    ),
  },
  {
    path: 'kubernetes.kubelet.configurationPatches',
    good: fc.array(goodPatch, { maxLength: 1 }),
    bad: fc.tuple(fc.array(goodPatch, { maxLength: 1 }), badPatch).map(([good, bad]) => [...good, bad]),
  },
  {
    path: 'kubernetes.kubelet.preferredAddressTypes',
    good: among(['Hostname', 'InternalIP', 'ExternalDNS'], { minLength: 1, maxLength: 3 }),
    bad: fc.constantFrom<unknown>([], ['Hostname', 'Hostname'], ['Home'], 'Hostname', [1], {}),
  },
  {
    path: 'controlPlane.deployment.replicas',
    good: fc.integer({ min: 0, max: 9 }),
    bad: fc.oneof(notAnInteger, fc.constantFrom(-1, 10, 1e9)),
  },
  {
    path: 'controlPlane.deployment.registrySettings.registry',
    good: fc.constantFrom('registry.k8s.io', 'localhost:5000', '[::1]:5000/x', 'a.example/b__c/d-e.f'),
    bad: fc.oneof(
      oddOfImages,
      fc.constantFrom('https://a', 'a..b/c', 'a//b', 'a/B', 'a/', 'a:b', 'a/b@sha256:0'),
    ),
  },
  {
    path: 'controlPlane.deployment.registrySettings.tagSuffix',
    good: fc.constantFrom('', '-fips', '_x.1'),
    bad: fc.oneof(
      odd.filter((value) => !['', '-a', 'a-', 'A_b', '__proto__', 'x'.repeat(64)].includes(value as string)),
      fc.constantFrom('@sha256:0', '+b'),
    ),
  },
  {
    path: 'controlPlane.deployment.registrySettings.schedulerImage',
    good: fc.constant('a/b'),
    bad: oddOfImages,
  },
  {
    path: 'controlPlane.deployment.resources.apiServer',
    good: resources,
    bad: fc.oneof(
      notAnObject,
      fc
        .constantFrom<unknown>('-1', 'lots', '1Zi', -5, {}, [], true, 1.5, '1 Gi', '')
        .map((cpu) => ({ requests: { cpu } })),
      fc.constantFrom({ requests: { cpu: '2' }, limits: { cpu: '1' } }),
      fc.constantFrom(
        { requests: 'x' },
        { limits: ['1'] },
        { requests: { 'no such': '1' } },
        { requests: { x: '1' } },
      ),
    ),
  },
  { path: 'controlPlane.deployment.extraArgs.apiServer', good: goodFlags, bad: badFlags },
  {
    path: 'controlPlane.deployment.extraArgs.scheduler',
    good: goodFlags,
    bad: fc.oneof(badFlags, fc.constantFrom(['--bind-address=127.0.0.1'], ['--leader-elect=false'])),
  },
  {
    path: 'controlPlane.deployment.nodeSelector',
    good: labels,
    bad: fc.constantFrom<unknown>({ 'a b': 'c' }, { a: 'b c' }, { a: 1 }, 'a=b', { ['x'.repeat(64)]: 'a' }),
  },
  {
    path: 'controlPlane.deployment.tolerations',
    good: fc.array(goodToleration, { maxLength: 3 }),
    bad: fc
      .tuple(fc.array(goodToleration, { maxLength: 2 }), badToleration)
      .map(([good, bad]) => [...good, bad]),
  },
  {
    path: 'controlPlane.deployment.affinity',
    good: fc.constantFrom<unknown>(
      {},
      { nodeAffinity: {} },
      term({ topologyKey: 'zone', labelSelector: { matchLabels: {} }, namespaceSelector: {} }),
    ),
    bad: fc.constantFrom<unknown>(
      ...[{ nodeAffinity: [] }, { nodeAffinity: { x: 1 } }, term({}), term('x'), { unknown: {} }, 'near'],
      term({ topologyKey: 'zone', labelSelector: { matchLabels: { 'a b': 'c' } } }),
      { podAffinity: nested(70) },
    ),
  },
  {
    path: 'controlPlane.deployment.topologySpreadConstraints',
    good: fc.constantFrom([], [{ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule' }]),
    bad: fc.constantFrom<unknown>(
      [{}],
      [{ maxSkew: 0, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule' }],
      Array(2).fill({ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule' }),
      [{ maxSkew: 1e10, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule' }],
      ['zone'],
    ),
  },
  {
    path: 'controlPlane.deployment.imagePullSecrets',
    good: fc.constantFrom([], [{ name: 'a' }], [{ name: 'a' }, { name: 'b' }]),
    bad: fc.constantFrom<unknown>([{ name: 'a' }, { name: 'a' }], [{ name: 1 }], [{ nam: 'a' }], 'a', ['a']),
  },
  { path: 'controlPlane.deployment.priorityClassName', good: fc.constant('tenants'), bad: odd },
  { path: 'controlPlane.deployment.runtimeClassName', good: fc.constant('gvisor.example.com'), bad: odd },
  {
    path: 'controlPlane.deployment.additionalMetadata',
    good: metadata,
    bad: fc.constantFrom<unknown>(
      ...[{ annotations: { 'deployment.kubernetes.io/revision': '7' } }, { annotations: bulk(10, 32_000) }],
      ...[{ labels: { a: {} } }, { labels: bulk(65, 1) }, { labels: { __proto: 'x' } }, 'x'],
    ),
  },
  {
    path: 'controlPlane.deployment.podAdditionalMetadata',
    good: metadata,
    bad: fc.constantFrom<unknown>(
      { annotations: { 'container.apparmor.security.beta.kubernetes.io/kube-apiserver': 'x' } },
      ...[{ annotations: { 'a/b/c': '' } }, { labels: { '': 'x' } }, []],
    ),
  },
  { path: 'controlPlane.service', good: services, bad: brokenServices },
  { path: 'networkProfile', good: networks, bad: brokenNetworks },
  {
    path: 'networkProfile.address',
    good: fc.constantFrom('192.0.2.7', '2001:db8::7', 'api.example.com', 'xn--mnchen-3ya.de', 'a', '1a.2b'),
    bad: fc.oneof(
      odd.filter((value) => value !== 'x'.repeat(64).slice(0, 63)),
      fc.constantFrom(
        '1.2.3',
        '1.2.3.256',
        '0x7f.1',
        'a.0',
        'localhost',
        'a.b.',
        'a_b.c',
        '*.a.b',
        'https://a',
        'a:1',
      ),
      fc.constantFrom(
        '::ffff:1.2.3.4',
        'fe80::1',
        'fe80::1%eth0',
        '127.0.0.1',
        '0.0.0.0',
        '224.0.0.1',
        '[::1]',
        'A.b',
      ),
    ),
  },
  {
    path: 'networkProfile.advertiseAddress',
    good: fc.constantFrom('192.0.2.7', '2001:db8::7'),
    bad: fc.oneof(odd, fc.constantFrom('a.b', '127.0.0.1', '::', '1.2.3')),
  },
  {
    path: 'networkProfile.port',
    good: fc.integer({ min: 1, max: 65_535 }),
    bad: fc.oneof(notAnInteger, fc.constantFrom(0, -1, 65_536)),
  },
  { path: 'networkProfile.endpointCheck', good: fc.constantFrom('Required', 'Skip'), bad: odd },
  {
    path: 'networkProfile.certSANs',
    good: among(['*.example.com', 'a', '192.0.2.1', '::1', 'xn--mnchen-3ya.de', 'a.b.c.d.e'], {
      maxLength: 6,
    }),
    bad: fc.oneof(
      fc
        .oneof(odd, fc.constantFrom('*', 'a.*.b', '*.1.2.3', '1.2.3.256', 'a.b.', '**.a'))
        .map((name) => ['a', name]),
      fc.constant(Array.from({ length: 65 }, (_, index) => `n${index}`)),
      notAnObject.filter((value) => !Array.isArray(value)),
    ),
  },
  { path: 'networkProfile.clusterDomain', good: fc.constantFrom('cluster.local', 'a', 'a.b.c'), bad: odd },
  { path: 'certificates.keyAlgorithm', good: fc.constantFrom('ECDSA-P256', 'RSA-2048'), bad: odd },
  {
    path: 'authentication.jwt',
    good: fc.constantFrom(
      [],
      [jwt('https://a.example'), jwt('https://b.example', { expression: 'claims.sub' })],
    ),
    bad: fc.constantFrom<unknown>(
      ...[
        [{}],
        [jwt('http://a.example')],
        [jwt('https://a'), jwt('https://a')],
        [jwt('https://u:p@a')],
        'x',
        [1],
      ],
      ...[[jwt('https://a', {})], [jwt('https://a', { claim: 'sub' })], [jwt('https://a?x=1')], [jwt('')]],
      [{ ...jwt('https://a'), more: nested(70) }],
    ),
  },
  {
    path: 'serviceAccountIssuers',
    good: among(['https://issuer-a.example', 'https://issuer-b.example/x'], { maxLength: 2 }),
    bad: fc.oneof(
      fc.oneof(odd, fc.constantFrom('http://a', 'https://', 'a')).map((issuer) => [issuer]),
      fc.constantFrom<unknown>(['https://a', 'https://a'], 'https://a'),
    ),
  },
  {
    path: 'addons.coreDNS.enabled',
    good: fc.constant(true),
    bad: fc.constantFrom<unknown>('yes', 1, {}, []),
  },
  {
    path: 'addons.coreDNS.replicas',
    good: fc.integer({ min: 1, max: 100 }),
    bad: fc.oneof(notAnInteger, fc.constantFrom(0, 101, -1)),
  },
  {
    path: 'addons.coreDNS.tolerations',
    good: fc.array(goodToleration, { maxLength: 2 }),
    // What there is no field for is dropped, as everywhere but in pods.
    bad: badToleration.filter((each) => !JSON.stringify(each).includes('unknown')).map((each) => [each]),
  },
  {
    path: 'addons.coreDNS.imageTag',
    good: fc.constantFrom('v1', 'A_b'),
    bad: fc.oneof(notText, fc.constantFrom('', '-a', 'a b', 'ü')),
  },
  {
    path: 'addons.kubeProxy.configurationPatches',
    good: fc.constantFrom([], [{ op: 'add', path: '/mode', value: 'nftables' }]),
    bad: fc.constantFrom<unknown>(
      [{ op: 'remove', path: '/mode' }],
      [{ op: 'replace', path: '/clientConnection/length', value: 1 }],
      'x',
    ),
  },
];
