import fc from 'fast-check';

export const longText = fc.constantFrom(
  'x'.repeat(64),
  'x'.repeat(300),
  'ü'.repeat(300),
  '𝒳'.repeat(200),
  'a.'.repeat(127),
);
export const oddText = fc.oneof(
  longText,
  fc.constantFrom(
    '',
    ' ',
    'ünïcode',
    'a b',
    'a\u0000b',
    'a\nb',
    '-a',
    'a-',
    'A_b',
    '../..',
    '${x}',
    '__proto__',
    '٣',
  ),
);
export const notText = fc.constantFrom<unknown>(1, true, {}, [], 1.5, -1, { a: 1 }, ['a']);
export const odd = fc.oneof(oddText, notText);
export const notAnObject = fc.constantFrom<unknown>('x', 1, true, ['x']);
export const notAnInteger = fc.constantFrom<unknown>('1', 'many', 1.5, {}, [], true, 1e12, -(2 ** 40));

export function among(
  values: readonly unknown[],
  size: { readonly minLength?: number; readonly maxLength: number },
) {
  return fc.uniqueArray(fc.constantFrom(...values), size);
}

export const quantities = fc.constantFrom<unknown>(
  '100m',
  '0.5',
  1,
  '1Gi',
  '1024Mi',
  '1e3',
  '128974848',
  '0',
);

export const resources = fc.record(
  {
    requests: fc.dictionary(fc.constantFrom('cpu', 'memory', 'ephemeral-storage'), quantities),
    limits: fc.dictionary(fc.constantFrom('cpu', 'memory'), fc.constantFrom<unknown>('1Ti', 5e10, '2Ti')),
  },
  { requiredKeys: [] },
);

export const labels = fc.dictionary(
  fc.constantFrom('team', 'example.com/team', 'a.b-c_d', 'x'.repeat(63)),
  fc.constantFrom('', 'a', 'A.b-c_9', 'x'.repeat(63)),
);

export const metadata = fc.record(
  {
    labels,
    annotations: fc.dictionary(fc.constantFrom('a', 'example.com/b'), fc.string({ unit: 'binary' })),
  },
  { requiredKeys: [] },
);

export const networks = fc.constantFrom(
  { serviceCidrs: ['10.96.0.0/16'], podCidrs: ['10.244.0.0/16'] },
  { serviceCidrs: ['172.16.0.0/28'], podCidrs: ['100.64.0.0/10'], dnsServiceIPs: ['172.16.0.2'] },
  { serviceCidrs: ['10.0.0.0/9'], podCidrs: ['10.128.0.0/24'] },
  { serviceCidrs: ['fd00:1::/108'], podCidrs: ['fd00:2::/48'], dnsServiceIPs: ['fd00:1::a'] },
  { serviceCidrs: ['fd00:1::/64'], podCidrs: ['2001:db8::/64'] },
  { serviceCidrs: ['10.96.0.0/16', 'fd00:1::/108'], podCidrs: ['10.244.0.0/16', 'fd00:2::/56'] },
  { serviceCidrs: ['fd00:1::/108', '10.96.0.0/16'], podCidrs: ['fd00:2::/56', '10.244.0.0/16'] },
);

/** Broken in a way that only the two together show, or one alone. */
export const brokenNetworks = fc.oneof(
  fc.constantFrom(
    { serviceCidrs: ['10.96.0.0/16'], podCidrs: ['10.96.0.0/16'] },
    { serviceCidrs: ['10.0.0.0/8'], podCidrs: ['10.244.0.0/16'] },
    { serviceCidrs: ['10.96.0.0/16'], podCidrs: ['fd00::/56'] },
    { serviceCidrs: ['10.96.0.0/16', 'fd00:1::/108'], podCidrs: ['fd00:2::/56', '10.244.0.0/16'] },
    { serviceCidrs: ['10.96.0.0/16', 'fd00:2::/108'], podCidrs: ['10.244.0.0/16', 'fd00:2::/56'] },
    { serviceCidrs: ['10.96.0.0/16'], podCidrs: ['10.244.0.0/25'] },
    { serviceCidrs: ['10.96.0.0/16'], podCidrs: ['10.244.0.0/16', '10.245.0.0/16'] },
    { serviceCidrs: ['10.96.0.0/16'], podCidrs: ['10.244.0.0/16'], dnsServiceIPs: ['10.96.0.1'] },
    { serviceCidrs: ['fd00:1::/108'], podCidrs: ['fd00:2::/48'], dnsServiceIPs: ['fd00:1::'] },
    { serviceCidrs: ['10.96.0.0/16'], podCidrs: ['10.244.0.0/16'], dnsServiceIPs: ['192.0.2.1'] },
    { serviceCidrs: ['10.96.0.0/16'], podCidrs: ['10.244.0.0/16'], clusterDomain: '10.in-addr.arpa' },
  ),
  fc
    .oneof(
      odd,
      fc.constantFrom(
        ...['10.96.0.1/16', '10.96.0.0', '10.96.0.0/33', '10.96.0.0/29', '127.0.0.0/16', '224.0.0.0/16'],
        ...['0.0.0.0/8', '::ffff:10.0.0.0/112', 'fd00::/127', 'fe80::/108', '010.0.0.0/16', '10.96.0.0/-1'],
      ),
    )
    .map((cidr) => ({ serviceCidrs: [cidr], podCidrs: ['10.244.0.0/16'] })),
  fc
    .constantFrom([], ['10.96.0.0/16', 'fd00::/108', '10.97.0.0/16'])
    .map((serviceCidrs) => ({ serviceCidrs })),
);

export const services = fc.oneof(
  fc.record({ serviceType: fc.constantFrom('ClusterIP', 'NodePort') }),
  fc.record(
    {
      serviceType: fc.constant('LoadBalancer'),
      loadBalancerClass: fc.constantFrom('lb', 'example.com/lb'),
      loadBalancerSourceRanges: among(['192.0.2.0/24', '0.0.0.0/0', '2001:db8::/32'], { maxLength: 3 }),
      allocateLoadBalancerNodePorts: fc.boolean(),
      additionalMetadata: metadata,
    },
    { requiredKeys: [] },
  ),
);

export const brokenServices = fc.oneof(
  fc.constantFrom(
    { serviceType: 'ExternalName' },
    { serviceType: 'NodePort', loadBalancerClass: 'lb' },
    { serviceType: 'ClusterIP', loadBalancerSourceRanges: ['192.0.2.0/24'] },
    { serviceType: 'NodePort', allocateLoadBalancerNodePorts: false },
    { loadBalancerSourceRanges: ['192.0.2.1/24'] },
    { loadBalancerSourceRanges: ['everywhere'] },
    { loadBalancerClass: 'a/b/c' },
    { additionalMetadata: { labels: { 'a b': 'c' } } },
    { additionalMetadata: { labels: { a: 'b c' } } },
    { additionalMetadata: { annotations: { a: 1 } } },
    { additionalMetadata: { annotations: bulk(10, 32_000) } },
  ),
  notAnObject,
);

export const goodFlags = fc.array(
  fc.constantFrom(
    '--v=4',
    '--profiling',
    '--feature-gates=A=true,B=false',
    '--vmodule=a=1',
    '--x=ünï ✓ "quoted"',
  ),
  { maxLength: 4 },
);
export const badFlags = fc.oneof(
  fc.constantFrom<unknown>(
    ...[
      ['-v=4'],
      ['v'],
      ['--'],
      ['--=x'],
      ['--V=4'],
      ['--a_b=c'],
      ['--a=b\u0000'],
      ['--a=b\n--c'],
      ['--help'],
    ],
    ...[
      ['--secure-port=1'],
      ['--v=4', '--version=raw'],
      Array(65).fill('--v=4'),
      ['--v=' + 'x'.repeat(1024)],
    ],
    ...['--v=4', [1], [['--v=4']], { 0: '--v=4' }],
  ),
);

export const goodPatch = fc.constantFrom<unknown>(
  { op: 'add', path: '/maxPods', value: 60 },
  { op: 'replace', path: '/rotateCertificates', value: false },
  { op: 'add', path: '/evictionHard', value: { 'memory.available': '5%' } },
  { op: 'add', path: '/clusterDNS/-', value: '192.0.2.53' },
  { op: 'remove', path: '/staticPodPath' },
  { op: 'test', path: '/kind', value: 'KubeletConfiguration' },
);
export const badPatch = fc.constantFrom<unknown>(
  ...[
    { op: 'remove', path: '/nowhere' },
    { op: 'add', path: 'x', value: 1 },
    { op: 'merge', path: '/a' },
  ],
  ...[{ op: 'move', path: '/a' }, { op: 'add', path: '/__proto__/a', value: 1 }, { path: '/a' }, 'x', {}, 1],
  ...[
    { op: 'replace', path: '/kind', value: 'Pod' },
    { op: 'add', path: '/toString/call', value: 1 },
  ],
  ...[
    { op: 'add', path: '/a', value: nested(70) },
    { op: 'add', path: '/a~2', value: 1 },
  ],
);

export const goodToleration = fc.constantFrom<unknown>(
  { operator: 'Exists' },
  { key: 'a', operator: 'Equal', value: 'b', effect: 'NoSchedule' },
  { key: 'a', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 0 },
  { key: '', operator: 'Exists', value: null },
);
export const badToleration = fc.constantFrom<unknown>(
  ...[
    { operator: 'Maybe' },
    { key: 'a b', operator: 'Exists' },
    { key: 1 },
    { key: 'a', unknown: 1 },
    'x',
    1,
    [],
    null,
  ],
  ...[
    { key: 'a', tolerationSeconds: 'long' },
    { key: 'a', effect: 'Never' },
    { effect: {} },
    { key: nested(70) },
  ],
  ...[{ key: 'a', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 1.5 }],
);

export const term = (value: unknown) => ({
  podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [value] },
});

export function bulk(count: number, length: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`key${index}`, 'x'.repeat(length)]));
}

export function nested(levels: number): unknown {
  return JSON.parse('{"a":'.repeat(levels) + '1' + '}'.repeat(levels));
}

export function jwt(url: string, username: object = { claim: 'sub', prefix: '' }): object {
  return { issuer: { url, audiences: ['a'] }, claimMappings: { username } };
}
