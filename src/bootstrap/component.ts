import type { KubeObject, Resource } from '../kube/resource.ts';

/** The steps of `kubeadm init` that Marina does inside a tenant cluster (cmd/kubeadm/app/phases). */
export type BootstrapPhase =
  | 'kubeadm-config'
  | 'kubelet-config'
  | 'cluster-admins'
  | 'bootstrap-token-rbac'
  | 'cluster-info'
  | 'kubernetes-endpoints'
  | 'coredns'
  | 'kube-proxy';

export interface BootstrapObject<T extends KubeObject = KubeObject> {
  readonly phase: BootstrapPhase;
  readonly resource: Resource<T>;
  /** As it is applied: only the fields that Marina owns. */
  readonly object: T;
}
