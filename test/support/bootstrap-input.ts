import type { BootstrapInput } from '../../src/bootstrap/input.ts';

/** A tenant with all addons and nothing out of the ordinary. */
export function aBootstrapInput(overrides: Partial<BootstrapInput> = {}): BootstrapInput {
  return {
    version: '1.36.3',
    clusterName: 'demo',
    endpoint: { host: '10.0.0.7', port: 6443 },
    endpointAddresses: ['10.0.0.7'],
    certificateAuthority: '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n',
    serviceCidrs: ['10.96.0.0/16'],
    podCidrs: ['10.244.0.0/16'],
    clusterDomain: 'cluster.local',
    dnsServiceIPs: ['10.96.0.10'],
    imageRepository: 'registry.k8s.io',
    kubelet: { patches: [] },
    addons: { coreDNS: { replicas: 2, tolerations: [] }, kubeProxy: { patches: [] } },
    ...overrides,
  };
}
