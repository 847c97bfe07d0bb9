import type { TenantControlPlane } from '../../api/v1alpha1/tenant-control-plane.ts';
import type { Service } from '../../kube/resources.ts';
import { done, failed, type StepResult, waiting } from '../component.ts';
import { apiServerPort } from './build.ts';

/** Where workers and users connect. */
export interface Endpoint {
  /** IP address or DNS name. */
  readonly host: string;
  readonly port: number;
}

/** `host:port`, IPv6 addresses in brackets (RFC 3986 section 3.2.2). */
export function formatEndpoint(endpoint: Endpoint): string {
  return endpoint.host.includes(':')
    ? `[${endpoint.host}]:${endpoint.port}`
    : `${endpoint.host}:${endpoint.port}`;
}

/**
 * The published address, from the spec and the live Service. `nodePortAddress` is what the platform team configured for
 * clusters that are published by NodePort without an address of their own.
 */
export function resolveEndpoint(
  tenant: TenantControlPlane,
  service: Service | undefined,
  nodePortAddress: string | undefined,
): StepResult<Endpoint> {
  const { address } = tenant.spec.networkProfile;
  if (!service) return waiting('ServicePending', 'The Service of the API server is being made.');

  switch (tenant.spec.controlPlane.service.serviceType) {
    case 'ClusterIP':
      return resolveClusterIP(service, address);
    case 'NodePort':
      return resolveNodePort(service, address ?? nodePortAddress);
    case 'LoadBalancer':
      return resolveLoadBalancer(service, address);
  }
}

function resolveClusterIP(service: Service, address: string | undefined): StepResult<Endpoint> {
  const host = address ?? service.spec?.clusterIP;
  if (!host) return waiting('ClusterIPPending', 'The cluster IP is being allocated.');
  return done({ host, port: servicePort(service) });
}

function resolveNodePort(service: Service, host: string | undefined): StepResult<Endpoint> {
  if (!host) {
    return failed(
      'AddressMissing',
      'A NodePort needs an address: set spec.networkProfile.address to one that reaches a node of the management cluster.',
    );
  }
  const port = service.spec?.ports?.[0]?.nodePort;
  return port ? done({ host, port }) : waiting('NodePortPending', 'The node port is being allocated.');
}

function resolveLoadBalancer(service: Service, address: string | undefined): StepResult<Endpoint> {
  const ingress = service.status?.loadBalancer?.ingress?.[0];
  const host = address ?? ingress?.ip ?? ingress?.hostname;
  if (!host) {
    return waiting(
      'LoadBalancerPending',
      'Waiting for the load balancer’s address. Is a load-balancer controller installed in the management cluster?',
    );
  }
  return done({ host, port: servicePort(service) });
}

function servicePort(service: Service): number {
  return service.spec?.ports?.[0]?.port ?? apiServerPort;
}
