import { bootstrapTokenRbac } from './bootstrap-token-rbac.ts';
import { clusterAdmins } from './cluster-admins.ts';
import { clusterInfo } from './cluster-info.ts';
import type { BootstrapObject, BootstrapPhase } from './component.ts';
import { coreDNS } from './coredns.ts';
import type { BootstrapInput } from './input.ts';
import { kubeProxy } from './kube-proxy.ts';
import { kubeadmConfig } from './kubeadm-config.ts';
import { kubeletConfig } from './kubelet-config.ts';
import { kubernetesEndpoints } from './kubernetes-endpoints.ts';

type Build = (input: BootstrapInput) => readonly BootstrapObject[];

/** All that Marina writes inside a tenant cluster, in the order in which it is written. */
const PHASES: Readonly<Record<BootstrapPhase, Build>> = {
  // First, because the tokens' signatures can only be made once it is there.
  'cluster-info': clusterInfo,
  'kubernetes-endpoints': kubernetesEndpoints,
  'kubeadm-config': kubeadmConfig,
  'kubelet-config': kubeletConfig,
  'bootstrap-token-rbac': bootstrapTokenRbac,
  'cluster-admins': clusterAdmins,
  coredns: coreDNS,
  'kube-proxy': kubeProxy,
};

export const bootstrapPhases = Object.keys(PHASES) as readonly BootstrapPhase[];

/** @throws BootstrapError when the input asks for something that cannot be built; nothing should be written then. */
export function buildBootstrapObjects(input: BootstrapInput): readonly BootstrapObject[] {
  return Object.values(PHASES).flatMap((build) => build(input));
}
