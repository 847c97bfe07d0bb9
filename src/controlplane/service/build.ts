import type { TenantControlPlane } from '../../api/v1alpha1/tenant-control-plane.ts';
import type { Service } from '../../kube/resources.ts';
import { podSelector, tenantLabels, type TenantNames } from '../names.ts';

/** The port that kube-apiserver listens on in its pod. */
export const apiServerPort = 6443;

/** The Service in front of a tenant's API server: published as the spec says, and used by Marina itself. */
export function buildService(tenant: TenantControlPlane, names: TenantNames): Service {
  const { service } = tenant.spec.controlPlane;
  const { port } = tenant.spec.networkProfile;
  const isLoadBalancer = service.serviceType === 'LoadBalancer';
  return {
    metadata: {
      name: names.service,
      namespace: names.namespace,
      labels: { ...service.additionalMetadata?.labels, ...tenantLabels(tenant, 'service') },
      annotations: { ...service.additionalMetadata?.annotations },
    },
    spec: {
      type: service.serviceType,
      selector: podSelector(names.runtimeId),
      ports: [
        {
          name: 'https',
          protocol: 'TCP',
          port: service.serviceType === 'NodePort' ? apiServerPort : (port ?? apiServerPort),
          targetPort: apiServerPort,
          ...(service.serviceType === 'NodePort' && port !== undefined && { nodePort: port }),
        },
      ],
      ...(isLoadBalancer && {
        allocateLoadBalancerNodePorts: service.allocateLoadBalancerNodePorts,
        ...(service.loadBalancerClass && { loadBalancerClass: service.loadBalancerClass }),
        ...(service.loadBalancerSourceRanges && {
          loadBalancerSourceRanges: service.loadBalancerSourceRanges,
        }),
      }),
    },
  };
}
