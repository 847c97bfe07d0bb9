import { stringify } from 'yaml';
import type { Checkout } from './checkout.ts';
import type { Road } from './road.ts';

/** Pods of the management cluster; its node image has a bridge CNI on the first /24 of it. */
export const managementPodCidr = '10.244.0.0/16';
export const managementServiceCidr = '10.96.0.0/16';

/**
 * kind's configuration of the management cluster: one node.
 * On the podman road there may be no systemd above the container and no CAP_SYS_RESOURCE, and cgroups may be version 1; the kubelet is told.
 */
export function renderKindConfig(checkout: Checkout, road: Road): string {
  const kubelet = {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    maxPods: 250,
    // A crowd of control planes is born at once here; the kubelet should not be what they wait for.
    kubeAPIQPS: 200,
    kubeAPIBurst: 400,
    eventRecordQPS: 0,
    ...(road === 'podman' && { cgroupDriver: 'cgroupfs', failCgroupV1: false, oomScoreAdj: 0 }),
  };
  return stringify({
    apiVersion: 'kind.x-k8s.io/v1alpha4',
    kind: 'Cluster',
    name: checkout.cluster,
    networking: {
      ipFamily: 'ipv4',
      apiServerAddress: '127.0.0.1',
      apiServerPort: checkout.apiServerPort,
      podSubnet: managementPodCidr,
      serviceSubnet: managementServiceCidr,
      kubeProxyMode: 'iptables',
      // Our node image has a CNI configuration of its own, kind's official one brings kindnet.
      disableDefaultCNI: road === 'podman',
    },
    nodes: [{ role: 'control-plane' }],
    kubeadmConfigPatches: [stringify(kubelet)],
  });
}
