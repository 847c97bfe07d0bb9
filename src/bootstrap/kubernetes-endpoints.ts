import { isIPv6 } from 'node:net';

import { endpoints, endpointSlices } from '../kube/resources.ts';
import type { BootstrapObject } from './component.ts';
import type { BootstrapInput } from './input.ts';
import { bootstrapObject } from './objects.ts';

const PHASE = 'kubernetes-endpoints';
const SERVICE = 'kubernetes';

/**
 * Where the tenant's `kubernetes` Service leads. The API server itself would write the address of its pod
 * (pkg/controlplane/reconcilers), which workers cannot reach, so it runs with --endpoint-reconciler-type=none.
 *
 * kube-proxy reads the EndpointSlices; the Endpoints object is there for older clients and because conformance
 * expects it with the same addresses as the slice of the cluster's own IP family.
 */
export function kubernetesEndpoints(input: BootstrapInput): readonly BootstrapObject[] {
  const ipv6 = input.endpointAddresses.filter((address) => isIPv6(address));
  const ipv4 = input.endpointAddresses.filter((address) => !isIPv6(address));
  const firstFamily = isIPv6(input.endpointAddresses[0] ?? '') ? ipv6 : ipv4;
  const port = { name: 'https', port: input.endpoint.port, protocol: 'TCP' };
  return [
    bootstrapObject(PHASE, endpoints, {
      metadata: {
        namespace: 'default',
        name: SERVICE,
        // The slices are written here, not mirrored from this object.
        labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' },
      },
      subsets: [{ addresses: firstFamily.map((ip) => ({ ip })), ports: [port] }],
    }),
    // A slice's address type never changes, so each family has a name of its own.
    ...(ipv4.length > 0 ? [slice(SERVICE, 'IPv4', ipv4, port)] : []),
    ...(ipv6.length > 0 ? [slice(`${SERVICE}-ipv6`, 'IPv6', ipv6, port)] : []),
  ];
}

function slice(
  name: string,
  addressType: 'IPv4' | 'IPv6',
  addresses: readonly string[],
  port: { readonly name: string; readonly port: number; readonly protocol: string },
): BootstrapObject {
  return bootstrapObject(PHASE, endpointSlices, {
    metadata: {
      namespace: 'default',
      name,
      labels: {
        'kubernetes.io/service-name': SERVICE,
        'endpointslice.kubernetes.io/managed-by': 'marina.dev',
      },
    },
    addressType,
    endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
    ports: [port],
  });
}
