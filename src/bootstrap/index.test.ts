import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';

import { aBootstrapInput } from '../../test/support/bootstrap-input.ts';
import { keyOf, refOf, type KubeObject, type Resource } from '../kube/resource.ts';
import {
  configMaps,
  daemonSets,
  deployments,
  endpoints,
  endpointSlices,
  services,
} from '../kube/resources.ts';
import type { BootstrapInput } from './input.ts';
import { nameOf } from './gather.ts';
import { buildBootstrapObjects } from './index.ts';

test('builds every object once, and the same from the same input', () => {
  const objects = buildBootstrapObjects(aBootstrapInput());

  const names = objects.map(({ resource, object }) => nameOf(resource, object));
  expect(new Set(names).size).toBe(names.length);
  expect(buildBootstrapObjects(aBootstrapInput())).toEqual(objects);
});

test('an addon that is switched off has no objects, and kubeadm is told so', () => {
  const objects = buildBootstrapObjects(aBootstrapInput({ addons: {} }));

  expect(objects.map(({ phase }) => phase)).not.toContain('coredns');
  expect(objects.map(({ phase }) => phase)).not.toContain('kube-proxy');
  const config = document({ addons: {} }, 'kube-system/kubeadm-config', 'ClusterConfiguration');
  expect(config).toMatchObject({ dns: { disabled: true }, proxy: { disabled: true } });
});

test('a version without a table is refused with those that have one', () => {
  const build = () => buildBootstrapObjects(aBootstrapInput({ version: '1.99.0' }));

  expect(build).toThrow('Kubernetes 1.99.0 is not supported');
  expect(build).toThrow(
    expect.objectContaining({ code: 'UnsupportedVersion', whatToDo: expect.stringContaining('1.35, 1.36') }),
  );
});

test.each([
  ['1.35.4', 'v1.13.1'],
  ['1.36.3', 'v1.14.2'],
])('addons are those of Kubernetes %s', (version, coreDNSTag) => {
  const workloads = [
    find({ version }, deployments, 'kube-system/coredns'),
    find({ version }, daemonSets, 'kube-system/kube-proxy'),
  ];

  const images = workloads.map(({ spec }) => spec?.template.spec?.containers[0]?.image);
  expect(images).toEqual([
    `registry.k8s.io/coredns/coredns:${coreDNSTag}`,
    `registry.k8s.io/kube-proxy:v${version}`,
  ]);
});

test('the cluster domain reaches the Corefile and the kubelets', () => {
  const input = { clusterDomain: 'tenant.example' };

  const { data } = find(input, configMaps, 'kube-system/coredns');

  expect(data?.['Corefile']).toContain('kubernetes tenant.example in-addr.arpa ip6.arpa {');
  expect(data?.['Corefile']).not.toContain('cluster.local');
  expect(document(input, 'kube-system/kubelet-config', 'kubelet')).toMatchObject({
    clusterDomain: 'tenant.example',
  });
});

test('the DNS Service and the kubelets agree on an address', () => {
  const input = { dnsServiceIPs: ['172.20.0.10', 'fd00::a'] };

  expect(find(input, services, 'kube-system/kube-dns').spec?.clusterIP).toBe('172.20.0.10');
  expect(document(input, 'kube-system/kubelet-config', 'kubelet')).toMatchObject({
    clusterDNS: ['172.20.0.10'],
  });
});

describe('patches', () => {
  test('reach the configuration of kubelets and kube-proxy', () => {
    const input: Partial<BootstrapInput> = {
      kubelet: { patches: [{ op: 'replace', path: '/cgroupDriver', value: 'cgroupfs' }] },
      addons: { kubeProxy: { patches: [{ op: 'add', path: '/conntrack', value: { maxPerCore: 0 } }] } },
    };

    expect(document(input, 'kube-system/kubelet-config', 'kubelet')).toMatchObject({
      cgroupDriver: 'cgroupfs',
    });
    expect(document(input, 'kube-system/kube-proxy', 'config.conf')).toMatchObject({
      conntrack: { maxPerCore: 0 },
    });
  });

  test('that do not apply name the field that they come from', () => {
    const patches = [{ op: 'remove', path: '/nothing' }] as const;

    expect(() => buildBootstrapObjects(aBootstrapInput({ kubelet: { patches } }))).toThrow(
      'spec.kubernetes.kubelet.configurationPatches[0] (remove /nothing)',
    );
    expect(() => buildBootstrapObjects(aBootstrapInput({ addons: { kubeProxy: { patches } } }))).toThrow(
      'spec.addons.kubeProxy.configurationPatches[0] (remove /nothing)',
    );
  });

  test('with words that YAML 1.1 takes for booleans stay strings', () => {
    const patches = [{ op: 'add', path: '/nodeStatusReportFrequency', value: 'on' }] as const;

    const { data } = find({ kubelet: { patches } }, configMaps, 'kube-system/kubelet-config');

    expect(data?.['kubelet']).toContain('nodeStatusReportFrequency: "on"');
  });
});

describe('an IPv6 endpoint', () => {
  const input: Partial<BootstrapInput> = {
    endpoint: { host: 'fd00::7', port: 443 },
    endpointAddresses: ['fd00::7'],
    serviceCidrs: ['fd00:96::/112'],
  };

  test('has brackets wherever it is part of an address', () => {
    const server = 'https://[fd00::7]:443';

    expect(document(input, 'kube-public/cluster-info', 'kubeconfig')).toMatchObject({
      clusters: [{ cluster: { server } }],
    });
    expect(document(input, 'kube-system/kube-proxy', 'kubeconfig.conf')).toMatchObject({
      clusters: [{ cluster: { server } }],
    });
    expect(document(input, 'kube-system/kubeadm-config', 'ClusterConfiguration')).toMatchObject({
      controlPlaneEndpoint: '[fd00::7]:443',
    });
  });

  test('gets a slice of its family', () => {
    expect(find(input, endpointSlices, 'default/kubernetes-ipv6')).toMatchObject({
      addressType: 'IPv6',
      endpoints: [{ addresses: ['fd00::7'] }],
      ports: [{ name: 'https', port: 443, protocol: 'TCP' }],
    });
  });
});

test('endpoints of both families get a slice each, the Endpoints object has the first family', () => {
  const input = { endpointAddresses: ['10.0.0.7', 'fd00::7', '10.0.0.8'] };

  const addresses = ['default/kubernetes', 'default/kubernetes-ipv6'].map((key) =>
    find(input, endpointSlices, key).endpoints?.flatMap((endpoint) => endpoint.addresses),
  );

  expect(addresses).toEqual([['10.0.0.7', '10.0.0.8'], ['fd00::7']]);
  expect(find(input, endpoints, 'default/kubernetes').subsets).toEqual([
    {
      addresses: [{ ip: '10.0.0.7' }, { ip: '10.0.0.8' }],
      ports: [{ name: 'https', port: 6443, protocol: 'TCP' }],
    },
  ]);
});

function find<T extends KubeObject>(input: Partial<BootstrapInput>, kind: Resource<T>, key: string): T {
  const found = buildBootstrapObjects(aBootstrapInput(input)).find(
    ({ resource, object }) => resource.kind === kind.kind && keyOf(refOf(object)) === key,
  );
  if (!found) throw new Error(`no ${kind.kind} ${key}`);
  return found.object as T;
}

/** What the YAML in a ConfigMap says. */
function document(input: Partial<BootstrapInput>, configMap: string, key: string): unknown {
  return parse(find(input, configMaps, configMap).data?.[key] ?? '');
}
