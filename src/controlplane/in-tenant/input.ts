import type { BootstrapInput } from '../../bootstrap/input.ts';
import { nthAddressOf } from '../../pki/index.ts';
import type { CompleteTenant } from '../class/complete.ts';
import type { Endpoint } from '../service/endpoint.ts';
import { bareVersion } from '../versions.ts';

/** The tenth address of a service CIDR is where kubeadm puts the DNS Service (cmd/kubeadm/app/constants GetDNSIP). */
const dnsServiceIndex = 10;

/** What the objects inside the tenant cluster depend on. `endpointAddresses`: IP addresses of the endpoint. */
export function bootstrapInput(
  tenant: CompleteTenant,
  endpoint: Endpoint,
  endpointAddresses: readonly string[],
  certificateAuthority: string,
): BootstrapInput {
  const { networkProfile, addons, kubernetes, controlPlane } = tenant.spec;
  const { coreDNS, kubeProxy } = addons;
  return {
    version: bareVersion(kubernetes.version),
    clusterName: tenant.metadata?.name ?? '',
    endpoint,
    endpointAddresses,
    certificateAuthority,
    serviceCidrs: networkProfile.serviceCidrs,
    podCidrs: networkProfile.podCidrs,
    clusterDomain: networkProfile.clusterDomain,
    dnsServiceIPs:
      networkProfile.dnsServiceIPs.length > 0
        ? networkProfile.dnsServiceIPs
        : networkProfile.serviceCidrs.map((cidr) => nthAddressOf(cidr, dnsServiceIndex)),
    imageRepository: controlPlane.deployment.registrySettings.registry,
    kubelet: { patches: kubernetes.kubelet.configurationPatches },
    addons: {
      ...(coreDNS.enabled && {
        coreDNS: {
          imageRepository: coreDNS.imageRepository,
          imageTag: coreDNS.imageTag,
          replicas: coreDNS.replicas,
          tolerations: coreDNS.tolerations ?? [],
        },
      }),
      ...(kubeProxy.enabled && {
        kubeProxy: {
          imageRepository: kubeProxy.imageRepository,
          imageTag: kubeProxy.imageTag,
          patches: kubeProxy.configurationPatches,
        },
      }),
    },
  };
}
