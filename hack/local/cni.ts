/**
 * CNI network configuration list of one worker: pods get addresses of the node's pod CIDR, routes instead of a bridge, and the node's
 * address towards everything outside. Between workers there are plain routes (worker.ts).
 */
export function renderPodNetwork(podCidr: string): string {
  const network = {
    cniVersion: '1.0.0',
    name: 'marina',
    plugins: [
      {
        type: 'ptp',
        ipMasq: true,
        ipam: { type: 'host-local', ranges: [[{ subnet: podCidr }]], routes: [{ dst: '0.0.0.0/0' }] },
      },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  };
  return `${JSON.stringify(network, undefined, 2)}\n`;
}

export const podNetworkDirectory = '/etc/cni/net.d';
